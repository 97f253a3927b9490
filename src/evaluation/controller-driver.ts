import type { SimWorld } from "../../sim/world.js";
import type { Adapter } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import { Controller } from "../control/controller.js";
import type { ControllerGoal } from "../control/controller-options.js";
import type { PlanningService } from "../control/planning-service.js";
import { restActionOf } from "../control/rest-action.js";
import type { EpisodeScribe } from "../memory/episode-scribe.js";
import { robotPipeline } from "../safety/robot-pipeline.js";
import type { Guard } from "../safety/guards/index.js";
import type { ControllerStatus } from "../control/status.js";
import type { ActionDescription } from "../robot/action-space.js";
import type { ActionSpace } from "../robot/types.js";
import type { SurpriseMonitor } from "../surprise/monitor.js";
import type { Driver } from "./driver.js";

export interface ControllerDriverOptions {
  readonly world: SimWorld;
  readonly planning: PlanningService;
  /** The bundle's actions and states; they must be those of the world's arm. */
  readonly described: ActionDescription;
  readonly periodS: number;
  readonly reachedBelow: number;
  /** Seed of the planner. */
  readonly seed: number;
  /** Share of the planner's width that is left at the goal, in (0, 1]. */
  readonly explorationFloor: number;
  /** Default: the world's. */
  readonly actionSpace?: ActionSpace;
  /** What slows and halts the arm, as in the node. */
  readonly guards: readonly Guard[];
  /** Default: nothing surprises. */
  readonly surprise?: SurpriseMonitor;
  /** Default: nothing is corrected. */
  readonly adapter?: Adapter;
  /** Makes an episode of what happens; `settled` is waited for after each period. Default: nothing is recorded. */
  readonly recording?: { readonly scribe: EpisodeScribe; settled(): Promise<void> };
}

/** Why the arm of a simulated world cannot do what a bundle describes; undefined when it can. One sentence. */
export function whyNotExecuted({ description, jointNames }: SimWorld, { action }: ActionDescription): string | undefined {
  const names = action.names.join(",");
  const own = description.action.kind === "joint_delta" ? jointNames.join(",") : "dx,dy,dz,gripper";
  return action.kind === description.action.kind && names === own ? undefined
    : `the evaluation executes actions ${own} (${description.action.kind}) on the ${description.name}; the bundle's are ${names} (${action.kind})`;
}

/**
 * The controller as the node has it, in lock step: the picture at the start of a period gives the action of the next period, while
 * the present one is executed. The planner has its fixed number of iterations, so the result does not depend on the machine.
 */
export class ControllerDriver implements Driver {
  readonly #world: SimWorld;
  readonly #controller: Controller;
  readonly #name: string;
  #goals = 0;
  readonly #recording: ControllerDriverOptions["recording"];

  /** @param goals sub-goals in order. Rejects as Controller.setGoals() does. */
  static async start(options: ControllerDriverOptions, name: string, goals: readonly ControllerGoal[]): Promise<ControllerDriver> {
    const refusal = whyNotExecuted(options.world, options.described);
    if (refusal !== undefined) throw new Error(refusal);
    const driver = new ControllerDriver(options, name);
    await driver.go(goals);
    return driver;
  }

  private constructor(options: ControllerDriverOptions, name: string) {
    const { world, planning, actionSpace = options.world.actions, described, periodS, reachedBelow, seed, explorationFloor, guards, surprise, adapter, recording } = options;
    const { gripper } = world.description;
    this.#world = world;
    this.#name = name;
    this.#recording = recording;
    this.#controller = new Controller({
      actionSpace,
      pipeline: robotPipeline(world.description, world.robot.limits, guards),
      planning,
      ports: {
        sendTrajectory: (trajectory) => { world.command.setTrajectory(trajectory, world.timeS); },
        publishStatus: (status) => { recording?.scribe.said(status); },
      },
      clock: () => world.timeS,
      periodS, reachedBelow, seed, explorationFloor,
      restAction: restActionOf(described, gripper.max_joint * gripper.opening_per_joint),
      planDeadlineMs: Infinity,
      ...(surprise === undefined ? {} : { surprise }),
      ...(adapter === undefined ? {} : { adapter }),
      ...(recording === undefined ? {} : { witness: recording.scribe }),
    });
  }

  get status(): ControllerStatus {
    return this.#controller.status;
  }

  get over(): boolean {
    return this.#controller.status.final;
  }

  get sentence(): string {
    return this.#controller.status.sentence;
  }

  get steps(): number {
    return this.#controller.status.steps;
  }

  get energy(): number | undefined {
    return this.#controller.status.energy;
  }

  get planMs(): number | undefined {
    return this.#controller.status.planMs;
  }

  get subGoals(): number {
    return this.#goals;
  }

  get subGoalsDone(): number {
    const { state, subGoal } = this.#controller.status;
    return state === "reached" ? this.#goals : (subGoal?.number ?? 1) - 1;
  }

  /** Goes for other sub-goals instead; the steps are counted anew. Rejects as Controller.setGoals() does. */
  async go(goals: readonly ControllerGoal[]): Promise<void> {
    this.#goals = goals.length;
    await this.#controller.setGoals(this.#name, goals);
  }

  /** @throws Error when the model's server is not there. */
  async period(image: RgbImage): Promise<void> {
    const { timeS } = this.#world;
    this.#controller.onImage(image, timeS + 1);
    this.#controller.onJointState(this.#world.jointState(), timeS + 1);
    this.#controller.tick();
    const { holdReason, sentence } = this.#controller.status;
    // A robot waits for its server; an episode that did would be measured as a failure of the model.
    if (holdReason === "inference_unavailable") throw new Error(sentence.replace(/^Holding: /, ""));
    await this.#controller.settled();
    await this.#recording?.settled();
  }

  cycle(): void {
    this.#controller.cycle();
  }

  stop(): void {
    this.#controller.shutdown();
  }
}
