import { Random } from "../../sim/random.js";
import type { SimWorld } from "../../sim/world.js";
import type { CommandPipeline } from "../safety/command-pipeline.js";
import { robotPipeline } from "../safety/robot-pipeline.js";
import type { ActionBounds } from "../planner/types.js";
import type { Driver } from "./driver.js";

/** Does nothing: how many tasks are done by themselves? */
export class StillDriver implements Driver {
  readonly over = false;
  readonly sentence = "Did nothing.";
  readonly energy = undefined;
  readonly planMs = undefined;
  readonly subGoalsDone = 0;
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  period(): Promise<void> {
    this.#steps++;
    return Promise.resolve();
  }

  stop(): void { /* The robot stands. */ }
}

/** Actions drawn evenly from their box, through the command pipeline: how many tasks are done by chance? */
export class RandomDriver implements Driver {
  readonly over = false;
  readonly sentence = "Moved at random.";
  readonly energy = undefined;
  readonly planMs = undefined;
  readonly subGoalsDone = 0;
  readonly #world: SimWorld;
  readonly #bounds: ActionBounds;
  readonly #periodS: number;
  readonly #random: Random;
  readonly #pipeline: CommandPipeline;
  #steps = 0;

  constructor(world: SimWorld, bounds: ActionBounds, periodS: number, seed: number) {
    this.#world = world;
    this.#bounds = bounds;
    this.#periodS = periodS;
    this.#random = new Random(seed);
    this.#pipeline = robotPipeline(world.description, world.robot.limits);
    this.#pipeline.reset(world.jointState());
  }

  get steps(): number {
    return this.#steps;
  }

  period(): Promise<void> {
    const world = this.#world;
    const { low, high } = this.#bounds;
    const action = low.map((from, i) => this.#random.uniform(from, high[i]));
    const measured = world.jointState();
    const command = this.#pipeline.command(world.actions.jointTargets(this.#pipeline.setpoint.positions, action), this.#periodS, measured);
    world.command.setTrajectory(command.trajectory, world.timeS);
    if (command.kind === "hold") this.#pipeline.reset(measured);
    else this.#steps++;
    return Promise.resolve();
  }

  stop(): void {
    this.#world.command.setTrajectory(this.#pipeline.hold(), this.#world.timeS);
  }
}
