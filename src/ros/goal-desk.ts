import { unavailability } from "../world-model/model-unavailable.js";
import { GOAL_ERROR } from "./goal-error-code.js";
import { GoalRefused } from "./goal-order.js";
import { oneLine } from "./ros-node.js";

import type { Controller } from "../control/controller.js";
import type { ControllerGoal } from "../control/controller-options.js";
import type { Looked } from "../control/planning-service.js";
import type { RgbImage } from "../camera/types.js";
import type { GripperState } from "../goals/goal-file.js";
import type { GoalEnd, GoalLatent, GoalOrder, GoalPicture } from "./goal-order.js";
import type { DoneResponse } from "./messages.js";
import type { RclLogger } from "./rclnodejs.js";

export interface GoalDeskOptions {
  readonly controller: Controller;
  /** The latent of a picture, with what is known about how unlike the pictures of training it is. */
  readonly look: (image: RgbImage) => Promise<Looked>;
  /** A latent with the gripper open or closed. @throws Error with one line when the model's latent cannot be told so. */
  readonly withGripper: (latent: Float32Array, gripper: GripperState) => Float32Array;
  readonly log: RclLogger;
}

/** A goal that has the robot. */
interface Current {
  readonly order: GoalOrder;
  readonly goals: readonly ControllerGoal[];
  /** Sub-goals that were done before the last pause. */
  done: number;
}

/** Where an order is on its way. */
export type OrderPhase = "preparing" | "current" | "paused";

/**
 * Gives the controller its goals, whoever they come from: one is current, one more is being prepared (read, decoded, encoded).
 * When that one is ready it replaces the current one in the same instant; when it turns out to be unusable, the current one goes on.
 * Services that stop, reset and pause act on both.
 */
export class GoalDesk {
  readonly #controller: Controller;
  readonly #look: GoalDeskOptions["look"];
  readonly #withGripper: GoalDeskOptions["withGripper"];
  readonly #log: RclLogger;
  #pending: GoalOrder | undefined;
  #current: Current | undefined;
  #paused = false;

  constructor({ controller, look, withGripper, log }: GoalDeskOptions) {
    this.#controller = controller;
    this.#look = look;
    this.#withGripper = withGripper;
    this.#log = log;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Where an order is, or undefined when it has ended. */
  phaseOf(order: GoalOrder): OrderPhase | undefined {
    if (this.#pending === order) {
      return "preparing";
    }
    return this.#current?.order !== order ? undefined : this.#paused ? "paused" : "current";
  }

  /** The sub-goal that the current order is at, 1 is the first, and how many it has. */
  get subGoal(): { readonly number: number; readonly count: number } {
    const current = this.#current;
    const { subGoal } = this.#controller.status;
    return current === undefined ? { number: 0, count: 0 }
      : { number: (this.#paused ? undefined : subGoal?.number) ?? current.done + 1, count: current.goals.length };
  }

  /** Prepares an order and then replaces the current one by it. An order that is still being prepared gives way at once. */
  take(order: GoalOrder): void {
    this.#endPending(replacedBy(order));
    this.#pending = order;
    this.#prepare(order).then((goals) => this.#switchTo(order, goals)).catch((error: unknown) => {
      if (this.#pending !== order) {
        return;
      }
      this.#pending = undefined;
      this.#log.error(`goal not taken: ${oneLine(error)}`);
      order.ended?.({ code: error instanceof GoalRefused ? error.code : GOAL_ERROR.invalidGoal, message: oneLine(error) });
    });
  }

  /** Ends an order for a reason of its own (its time is over, it is canceled): the robot brakes if it was on the way to it. */
  release(order: GoalOrder, end: GoalEnd): void {
    if (this.#pending === order) {
      this.#endPending(end);
    } else if (this.#current?.order === order) {
      // What is reached stays reached, and stands already.
      if (end.code !== GOAL_ERROR.none) {
        this.#controller.clearGoal();
      }
      this.#endCurrent(end);
    }
  }

  /** Ends whatever there is, without touching the controller: whoever calls this brakes. */
  endAll(end: GoalEnd): void {
    this.#paused = false;
    this.#endPending(end);
    this.#endCurrent(end);
  }

  /** Brakes and stays stopped until reset(). */
  stop(): DoneResponse {
    this.#controller.stop();
    this.endAll({ code: GOAL_ERROR.stopped, message: "Stopped by ~/stop." });
    return { success: true, message: "stopped; ~/reset ends it" };
  }

  /** Ends a stop or a final hold; goals are forgotten. */
  reset(): DoneResponse {
    this.#controller.reset();
    this.endAll({ code: GOAL_ERROR.stopped, message: "Ended by ~/reset." });
    return { success: true, message: "reset; send a goal" };
  }

  /** Brakes and keeps the goal. A goal that comes now is kept until the pause ends. */
  pause(): DoneResponse {
    const controller = this.#controller;
    if (controller.status.state === "stopped") {
      return { success: false, message: "stopped; ~/reset ends it" };
    }
    if (!this.#paused) {
      if (this.#current !== undefined) {
        this.#current.done = (controller.status.subGoal?.number ?? this.#current.done + 1) - 1;
      }
      this.#paused = true;
      controller.clearGoal();
    }
    return { success: true, message: this.#current === undefined ? "paused without a goal" : `paused on the way to "${this.#current.order.name}"` };
  }

  /** Goes on to the goal, at the sub-goal that it was at. */
  async resume(): Promise<DoneResponse> {
    if (!this.#paused) {
      return { success: true, message: "was not paused" };
    }
    this.#paused = false;
    const current = this.#current;
    if (current === undefined) {
      return { success: true, message: "going on without a goal" };
    }
    try {
      await this.#send(current);
    } catch (error) {
      this.release(current.order, { code: GOAL_ERROR.internal, message: oneLine(error) });
      throw error;
    }
    return { success: true, message: `going on to "${current.order.name}"` };
  }

  async #prepare(order: GoalOrder): Promise<ControllerGoal[]> {
    const goals: ControllerGoal[] = [];
    for (const goal of await order.load()) {
      if (this.#pending !== order) {
        break;
      }
      goals.push(this.#told("latent" in goal ? goal : { ...goal, ...(await this.#encoded(goal)) }));
    }
    return goals;
  }

  async #encoded({ name, image }: GoalPicture): Promise<Looked> {
    try {
      return await this.#look(image);
    } catch (error) {
      const code = unavailability(error) === undefined ? GOAL_ERROR.internal : GOAL_ERROR.planner;
      throw new GoalRefused(code, `the goal "${name}" cannot be encoded: ${oneLine(error)}`, error);
    }
  }

  /** With the gripper as it is to be. */
  #told({ gripper, ...goal }: GoalLatent & Partial<Looked & Pick<GoalPicture, "image">>): ControllerGoal {
    try {
      return gripper === undefined ? goal : { ...goal, latent: this.#withGripper(goal.latent, gripper) };
    } catch (error) {
      throw new GoalRefused(GOAL_ERROR.invalidGoal, `the goal "${goal.name}": ${oneLine(error)}`, error);
    }
  }

  async #switchTo(order: GoalOrder, goals: readonly ControllerGoal[]): Promise<void> {
    if (this.#pending !== order) {
      return;
    }
    const current: Current = { order, goals, done: 0 };
    if (!this.#paused) {
      await this.#send(current);
    }
    this.#pending = undefined;
    this.#endCurrent(replacedBy(order));
    this.#current = current;
    this.#log.info(this.#paused ? `goal "${order.name}" is kept until the pause ends` : `goal "${order.name}"`);
  }

  /** The goals are latents, so the controller has them when this is called and not only when it has resolved. */
  #send({ order, goals, done }: Current): Promise<void> {
    return this.#controller.setGoals(order.name, goals.slice(done), { reachedBelow: order.reachedBelow, behind: done });
  }

  #endPending(end: GoalEnd): void {
    const order = this.#pending;
    this.#pending = undefined;
    order?.ended?.(end);
  }

  #endCurrent(end: GoalEnd): void {
    const current = this.#current;
    this.#current = undefined;
    current?.order.ended?.(end);
  }
}

function replacedBy(order: GoalOrder): GoalEnd {
  return { code: GOAL_ERROR.preempted, message: `Replaced by the goal "${order.name}".` };
}
