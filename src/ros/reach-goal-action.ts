import { GOAL_ERROR } from "./goal-error-code.js";
import { readGoalRequest } from "./goal-request.js";
import { GoalWatch } from "./goal-watch.js";
import { TYPES } from "./messages.js";
import { oneLine } from "./ros-node.js";
import { toRosTime } from "./time.js";

import type { Controller } from "../control/controller.js";
import type { ControllerStatus } from "../control/status.js";
import type { GoalLibrary } from "../goals/goal-library.js";
import type { GoalDesk } from "./goal-desk.js";
import type { GoalEnd, GoalOrder } from "./goal-order.js";
import type { GoalRequest, RequestedModel } from "./goal-request.js";
import type { ReachGoalImageFeedback, ReachGoalImageGoal, ReachGoalImageResult } from "./messages.js";
import type { RclServerGoalHandle } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** How often goals are looked at, ms. */
const LOOK_EVERY_MS = 50;
/** Every so many looks there is feedback. */
const LOOKS_PER_FEEDBACK = 2;
/** A result waits until the robot stands, but no longer than this, s. */
const BRAKING_S = 1;
/** How long a result can be asked for, s. A goal keeps its pictures until then. */
const RESULT_KEPT_S = 60;

export interface ReachGoalActionOptions {
  readonly ros: RosNode;
  readonly name: string;
  readonly desk: GoalDesk;
  readonly controller: Controller;
  readonly library: GoalLibrary;
  /** Latents that are sent have to be its. */
  readonly model: RequestedModel;
  /** Seconds on the clock of control. */
  readonly nowS: () => number;
  /** Why no goal can be taken now, or undefined. */
  readonly whyNot: () => string | undefined;
  readonly failureToleranceS: number;
}

type Handle = RclServerGoalHandle<ReachGoalImageFeedback>;

/** A goal from its acceptance until its result is sent. */
interface Run {
  readonly handle: Handle;
  readonly order: GoalOrder;
  readonly watch: GoalWatch;
  readonly finish: (result: ReachGoalImageResult) => void;
  /** The controller's newest word on this goal. */
  status: ControllerStatus | undefined;
  end: { readonly end: GoalEnd; readonly atS: number } | undefined;
}

/**
 * The action jepa_mpc_msgs/action/ReachGoalImage: turns goals into orders for the desk, and what becomes of them into feedback and
 * results. It only looks at the controller, twenty times a second, so that nothing the controller does waits for it.
 */
export class ReachGoalAction {
  readonly #options: ReachGoalActionOptions;
  readonly #destroyServer: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #runs = new Map<string, Run>();
  readonly #results = new Map<string, Promise<ReachGoalImageResult>>();
  /** The goal that was judged last; accepted in the same call. */
  #judged: GoalRequest | undefined;
  #newestPlanS: number | undefined;
  #looks = 0;

  /** @throws Error when this ROS has not built the interface package. */
  constructor(options: ReachGoalActionOptions) {
    this.#options = options;
    const { ros } = options;
    this.#destroyServer = ros.actionServer<ReachGoalImageGoal, ReachGoalImageResult, ReachGoalImageFeedback>(TYPES.reachGoalImage, options.name, {
      goal: (goal) => this.#judge(goal) ? ros.rcl.GoalResponse.ACCEPT : ros.rcl.GoalResponse.REJECT,
      accepted: (handle) => { this.#accept(handle); },
      cancel: (handle) => this.#cancel(handle) ? ros.rcl.CancelResponse.ACCEPT : ros.rcl.CancelResponse.REJECT,
      execute: (handle) => this.#results.get(keyOf(handle))!,
    }, RESULT_KEPT_S);
    this.#timer = setInterval(() => { ros.guarded("looking at goals", () => { this.#look(); }); }, LOOK_EVERY_MS);
  }

  /** A plan was made. */
  onPlan(): void {
    this.#newestPlanS = this.#options.nowS();
  }

  /** Sends all results now, without waiting for the robot to stand: the node is leaving. Goals must have been ended at the desk. */
  finishAll(): void {
    for (const run of this.#runs.values()) {
      run.end ??= { end: { code: GOAL_ERROR.deactivated, message: "The node was deactivated." }, atS: this.#options.nowS() };
      this.#finish(run, run.end.end);
    }
  }

  /** Takes the server off the graph. Results that were just sent need a turn of the event loop before. */
  destroy(): void {
    clearInterval(this.#timer);
    this.#destroyServer();
  }

  #judge(goal: ReachGoalImageGoal): boolean {
    const { whyNot, ros, model } = this.#options;
    try {
      const reason = whyNot();
      if (reason !== undefined) {
        throw new Error(reason);
      }
      this.#judged = readGoalRequest(goal, model);
      return true;
    } catch (error) {
      ros.log.warn(`goal of ${this.#options.name} refused: ${oneLine(error)}`);
      return false;
    }
  }

  #accept(handle: Handle): void {
    const { desk, library, nowS, failureToleranceS } = this.#options;
    const request = this.#judged!;
    this.#judged = undefined;
    const key = keyOf(handle);
    const order: GoalOrder = {
      name: request.name,
      reachedBelow: request.reachedBelow,
      load: () => request.load(library),
      ended: (end) => { this.#ended(key, end); },
    };
    this.#results.set(key, new Promise((resolve) => {
      this.#runs.set(key, {
        handle, order, finish: resolve, status: undefined, end: undefined,
        watch: new GoalWatch(nowS(), { timeoutS: request.timeoutS, failureToleranceS }),
      });
    }));
    handle.execute();
    desk.take(order);
  }

  /** Brakes at once; the result follows when the robot stands. */
  #cancel(handle: Handle): boolean {
    const run = this.#runs.get(keyOf(handle));
    if (run === undefined || run.end !== undefined) {
      return false;
    }
    this.#options.desk.release(run.order, { code: GOAL_ERROR.canceled, message: "Canceled." });
    return true;
  }

  #ended(key: string, end: GoalEnd): void {
    const run = this.#runs.get(key);
    if (run !== undefined && run.end === undefined) {
      run.end = { end, atS: this.#options.nowS() };
    }
  }

  #look(): void {
    const { desk, controller, nowS } = this.#options;
    const now = nowS();
    const feedback = this.#looks++ % LOOKS_PER_FEEDBACK === 0;
    for (const run of this.#runs.values()) {
      const phase = desk.phaseOf(run.order);
      if (phase === "current") {
        run.status = controller.status;
      }
      if (phase !== undefined) {
        const end = phase === "current" ? run.watch.judge(controller.status, now) : run.watch.judgeWaiting(now);
        if (end !== undefined) {
          // The desk tells #ended.
          desk.release(run.order, end);
        } else if (feedback) {
          run.handle.publishFeedback(this.#feedback(run, phase, now));
        }
      }
      if (run.end !== undefined && this.#maySend(run.end, now)) {
        this.#finish(run, run.end.end);
      }
    }
  }

  /** Who gets a result finds the robot standing, unless another goal has it or the node leaves. */
  #maySend({ end, atS }: NonNullable<Run["end"]>, nowS: number): boolean {
    return end.code === GOAL_ERROR.preempted || end.code === GOAL_ERROR.deactivated || this.#options.controller.standing || nowS - atS > BRAKING_S;
  }

  #finish(run: Run, end: GoalEnd): void {
    const key = keyOf(run.handle);
    const { ros, nowS } = this.#options;
    this.#runs.delete(key);
    this.#results.delete(key);
    const result: ReachGoalImageResult = {
      error_code: end.code,
      error_msg: end.message,
      final_energy: run.status?.energy ?? NaN,
      steps: run.status?.steps ?? 0,
      duration: toRosTime(run.watch.elapsedS(run.end?.atS ?? nowS())),
    };
    // Before the status: should the transition be refused, the client gets its result all the same.
    run.finish(result);
    ros.guarded("ending a goal", () => {
      if (end.code === GOAL_ERROR.none) {
        run.handle.succeed();
      } else if (end.code === GOAL_ERROR.canceled) {
        run.handle.canceled();
      } else {
        run.handle.abort();
      }
    });
    const took = `${run.watch.elapsedS(nowS()).toFixed(1)} s, ${result.steps} steps`;
    if (end.code === GOAL_ERROR.none) {
      ros.log.info(`goal "${run.order.name}" of the action: reached (${took})`);
    } else {
      ros.log.warn(`goal "${run.order.name}" of the action ended with code ${end.code}: ${end.message} (${took})`);
    }
  }

  #feedback(run: Run, phase: "preparing" | "current" | "paused", nowS: number): ReachGoalImageFeedback {
    const status = phase === "current" ? run.status : undefined;
    const { number, count } = phase === "preparing" ? { number: 0, count: 0 } : this.#options.desk.subGoal;
    const planned = status?.energy !== undefined;
    return {
      energy: status?.energy ?? NaN,
      energy_share: status?.energyShare ?? NaN,
      sub_goal: number,
      sub_goal_count: count,
      steps: run.status?.steps ?? 0,
      plan_age_s: planned && this.#newestPlanS !== undefined ? nowS - this.#newestPlanS : NaN,
      solve_time_s: planned ? ((status.encodeMs ?? 0) + (status.planMs ?? 0)) / 1000 : NaN,
      state: status?.state ?? phase,
      sentence: status?.sentence ?? (phase === "preparing" ? "The goal is being read." : "Paused: ~/pause with false goes on."),
    };
  }
}

function keyOf(handle: Handle): string {
  return Buffer.from(handle.goalId.uuid).toString("hex");
}
