import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { CommandPipeline } from "../../src/safety/command-pipeline.js";
import { actuate } from "../actuate.js";
import { distance } from "../distance.js";
import { MAX_STEP_M } from "../exploration.js";
import type { Random } from "../random.js";
import type { ObjectName, SimWorld, ThingName } from "../world.js";
import { isHeld } from "./truth.js";

export type Place = readonly [x: number, y: number, z: number];

const APPROACH_M = 0.13;
const THERE_M = 0.01;

/**
 * Does what a task asks for, knowing everything, through the same actions and limits as the planner's. Goal pictures are taken of
 * what it did, so every goal is a state that actions can bring about.
 */
export class Demonstrator {
  readonly #world: SimWorld;
  readonly #pipeline: CommandPipeline;
  #gripper = 1;

  /** Starts from the world as it is, gripper open. */
  constructor(world: SimWorld) {
    this.#world = world;
    this.#pipeline = new CommandPipeline(world.robot.limits);
    this.#pipeline.reset(world.jointState());
  }

  /** One action of at most `longestM` towards a place. */
  step(target: Place, longestM = MAX_STEP_M): void {
    const action = new Float32Array(4);
    const from = this.#setpoint();
    const scale = Math.min(1, longestM / Math.max(1e-9, distance(target, from)));
    for (let axis = 0; axis < 3; axis++) action[axis] = scale * (target[axis]! - from[axis]!);
    action[3] = this.#gripper;
    actuate(this.#world, this.#pipeline, action);
  }

  /** Goes straight to a place. @returns whether the tool came there. */
  go(target: Place, longestM = MAX_STEP_M): boolean {
    const periods = Math.ceil(distance(target, this.#setpoint()) / longestM) + 2;
    for (let period = 0; period < periods; period++) this.step(target, longestM);
    return distance(this.#world.toolPosition(), target) < THERE_M;
  }

  /** Opens (1) or closes (0) the gripper where it is. */
  grip(gripper: number): void {
    this.#gripper = gripper;
    const here = this.#setpoint();
    for (let period = 0; period < 4; period++) this.step([here[0]!, here[1]!, here[2]!]);
  }

  /** Stops, and waits until everything is at rest. */
  settle(): void {
    this.#world.command.setTrajectory(this.#pipeline.hold(), this.#world.timeS);
    this.#world.step(100);
  }

  /**
   * Goes over an object and down until the open fingers are round it. @param random draws a place a little beside and above its middle:
   * another try, when something was in the way. @returns whether it came there.
   */
  surround(object: ThingName, random?: Random): boolean {
    const at = this.#world.objectPosition(object);
    const [x, y, z] = [at[0]! + (random?.normal(0.006) ?? 0), at[1]! + (random?.normal(0.004) ?? 0), at[2]! + (random?.uniform(0, 0.012) ?? 0)];
    // Up first: on the straight way there may be something.
    const tool = this.#world.toolPosition();
    this.go([tool[0]!, tool[1]!, Math.max(tool[2]!, at[2]! + APPROACH_M)]);
    this.go([x, y, at[2]! + APPROACH_M]);
    return this.go([x, y, z], 0.03);
  }

  /** Closes round the object and lifts it. @returns whether it is in the hand then. */
  lift(object: ThingName, heightM: number): boolean {
    this.grip(0);
    const here = this.#setpoint();
    this.go([here[0]!, here[1]!, here[2]! + heightM], 0.025);
    return isHeld(this.#world, object);
  }

  /** Where the tool was told to be, m: without the errors of an arm that is on its way or pressed against something. */
  #setpoint(): Float64Array {
    return this.#world.robot.toolPose(this.#pipeline.setpoint.positions).position;
  }
}

/** Whether a place is in the arm's workspace, `marginM` from its sides. */
export function inWorkspace(place: readonly number[], marginM: number): boolean {
  const { low, high } = FR3_WORKSPACE;
  return [0, 1].every((axis) => place[axis]! >= low[axis as 0] + marginM && place[axis]! <= high[axis as 0] - marginM);
}

/** The object that a task is not about. */
export function otherObject(object: ObjectName): ObjectName {
  return object === "cube" ? "cup" : "cube";
}
