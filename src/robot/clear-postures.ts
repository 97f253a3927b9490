import type { CollisionField } from "./collision-field.js";
import type { CollisionModel } from "./collision-model.js";
import type { RobotModel } from "./model.js";
import type { Workspace } from "./types.js";

export interface ClearPosturesOptions {
  /** Where the tool is, m. */
  readonly workspace: Workspace;
  /** Distance from joint limits, rad (m). Default 0.15. */
  readonly marginRad?: number;
  /** Distance of links from each other and from obstacles, m. Default 0.03. */
  readonly clearanceM?: number;
}

/** An arm of which so many random postures are all in the way of something has a description that is wrong. */
const MOST_TRIES = 20_000;

/** Draws postures of an arm in which its tool is in the workspace and nothing touches anything. Takes the collision model over. */
export class ClearPostures {
  readonly #robot: RobotModel;
  readonly #collision: CollisionModel;
  readonly #field: CollisionField;
  readonly #workspace: Workspace;
  readonly #marginRad: number;
  readonly #clearanceM: number;
  readonly #reach: Float64Array;
  readonly #distances: Float64Array;
  readonly #offsets: Float64Array;

  constructor(robot: RobotModel, collision: CollisionModel, { workspace, marginRad = 0.15, clearanceM = 0.03 }: ClearPosturesOptions) {
    this.#robot = robot;
    this.#collision = collision;
    this.#field = collision.field(["self", "scene", "keep_out"]);
    this.#workspace = workspace;
    this.#marginRad = marginRad;
    this.#clearanceM = clearanceM;
    const { length } = this.#field.pairs;
    this.#reach = new Float64Array(length).fill(2 * clearanceM + 0.01);
    this.#distances = new Float64Array(length);
    this.#offsets = new Float64Array(3 * length);
  }

  /** Lower and upper end of what is drawn of a joint, rad (m). */
  range(joint: number): readonly [number, number] {
    const { lower, upper } = this.#robot.limits[joint]!;
    const margin = Math.min(this.#marginRad, 0.1 * (upper - lower));
    return [lower + margin, upper - margin];
  }

  /** @param uniform draws from 0 to 1. @returns joint positions, a fresh array. @throws Error with one line when there are none. */
  draw(uniform: () => number): Float64Array {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const positions = Float64Array.from(this.#robot.jointNames, (_, joint) => {
        const [low, high] = this.range(joint);
        return low + (high - low) * uniform();
      });
      if (this.isClear(positions)) return positions;
    }
    throw new Error(`robot: none of ${MOST_TRIES} random postures has its tool in the workspace and touches nothing: look at workspace, keep-out file and URDF`);
  }

  /** Whether the tool is in the workspace, joints are within their limits less the margin, and nothing is near anything. */
  isClear(positions: Float64Array): boolean {
    if (positions.some((position, joint) => position < this.range(joint)[0] || position > this.range(joint)[1])) return false;
    const { position } = this.#robot.toolPose(positions);
    if (position.some((place, axis) => place < this.#workspace.low[axis]! || place > this.#workspace.high[axis]!)) return false;
    this.#field.measure(positions, this.#reach, this.#distances, this.#offsets);
    return this.#field.pairs.every(({ kind }, pair) => this.#distances[pair]! > (kind === "self" ? this.#clearanceM / 2 : this.#clearanceM));
  }

  /** Gives the collision model's memory back. */
  dispose(): void {
    this.#collision.dispose();
  }
}
