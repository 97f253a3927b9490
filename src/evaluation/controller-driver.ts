import type { SimWorld } from "../../sim/world.js";
import type { RgbImage } from "../camera/types.js";
import { Controller } from "../control/controller.js";
import type { ControllerGoal } from "../control/controller-options.js";
import type { PlanningService } from "../control/planning-service.js";
import { eeDeltaRestAction } from "../control/rest-action.js";
import { FR3_FULL_OPENING_M } from "../robot/fr3.js";
import { CommandPipeline } from "../safety/command-pipeline.js";
import type { Guard } from "../safety/guards/index.js";
import type { ControllerStatus } from "../control/status.js";
import type { SurpriseMonitor } from "../surprise/monitor.js";
import type { Driver } from "./driver.js";

export interface ControllerDriverOptions {
  readonly world: SimWorld;
  readonly planning: PlanningService;
  readonly actionNames: readonly string[];
  readonly stateNames: readonly string[];
  readonly periodS: number;
  readonly reachedBelow: number;
  /** Seed of the planner. */
  readonly seed: number;
  /** Share of the planner's width that is left at the goal, in (0, 1]. */
  readonly explorationFloor: number;
  /** What slows and halts the arm, as in the node. */
  readonly guards: readonly Guard[];
  /** Default: nothing surprises. */
  readonly surprise?: SurpriseMonitor;
}

/**
 * The controller as the node has it, in lock step: the picture at the start of a period gives the action of the next period, while
 * the present one is executed. The planner has its fixed number of iterations, so the result does not depend on the machine.
 */
export class ControllerDriver implements Driver {
  readonly #world: SimWorld;
  readonly #controller: Controller;
  readonly #goals: number;

  /** @param goals sub-goals in order. Rejects as Controller.setGoals() does. */
  static async start(options: ControllerDriverOptions, name: string, goals: readonly ControllerGoal[]): Promise<ControllerDriver> {
    // The simulated arm keeps its tool pointing down and takes the gripper as a place.
    if (options.actionNames.join(",") !== "dx,dy,dz,gripper") {
      throw new Error(`the evaluation executes actions dx,dy,dz,gripper; the bundle's are ${options.actionNames.join(",")}`);
    }
    const driver = new ControllerDriver(options, goals.length);
    await driver.#controller.setGoals(name, goals);
    return driver;
  }

  private constructor(options: ControllerDriverOptions, goals: number) {
    const { world, planning, actionNames, stateNames, periodS, reachedBelow, seed, explorationFloor, guards, surprise } = options;
    this.#world = world;
    this.#goals = goals;
    this.#controller = new Controller({
      actionSpace: world.actions,
      pipeline: new CommandPipeline(world.robot.limits, { guards }),
      planning,
      ports: {
        sendTrajectory: (trajectory) => { world.command.setTrajectory(trajectory, world.timeS); },
        publishStatus: () => undefined,
      },
      clock: () => world.timeS,
      periodS, reachedBelow, seed, explorationFloor,
      restAction: eeDeltaRestAction({ actionNames, stateNames, fullOpeningM: FR3_FULL_OPENING_M }),
      planDeadlineMs: Infinity,
      ...(surprise === undefined ? {} : { surprise }),
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

  get subGoalsDone(): number {
    const { state, subGoal } = this.#controller.status;
    return state === "reached" ? this.#goals : (subGoal?.number ?? 1) - 1;
  }

  async period(image: RgbImage): Promise<void> {
    const { timeS } = this.#world;
    this.#controller.onImage(image, timeS + 1);
    this.#controller.onJointState(this.#world.jointState(), timeS + 1);
    this.#controller.tick();
    await this.#controller.settled();
  }

  cycle(): void {
    this.#controller.cycle();
  }

  stop(): void {
    this.#controller.shutdown();
  }
}
