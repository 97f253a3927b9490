import type { SceneTruth } from "../../sim/tasks.js";
import type { ObjectName, SimWorld } from "../../sim/world.js";
import { onLeash } from "../control/leash.js";
import type { RolloutScores, WorldModel } from "../world-model/types.js";

/** Tool x, y, z, opening, object x, y, z (m). */
const LATENT_DIM = 7;
const OBJECT_WEIGHT = 4;

/** Energy (m²) below which the oracle's goal counts as reached: about a centimetre in all. */
export const ORACLE_REACHED_BELOW = 2e-4;

/**
 * The simulator itself in the place of the world model: its latent is the truth of the world, its roll-out the physics. With the same
 * controller and search it bounds from above what a learned model can bring, and shows what the search alone loses.
 */
export class OracleWorldModel implements WorldModel {
  readonly latentDim = LATENT_DIM;
  readonly stateDim = 7;
  readonly actionDim = 4;
  readonly horizon: number;
  readonly imageWidth = 64;
  readonly imageHeight = 64;
  readonly #world: SimWorld;
  readonly #object: ObjectName | undefined;
  readonly #periodS: number;

  /** @param object what is handled; undefined where only the tool is judged. */
  constructor(world: SimWorld, object: ObjectName | undefined, periodS: number, horizon: number) {
    this.#world = world;
    this.#object = object;
    this.#periodS = periodS;
    this.horizon = horizon;
  }

  /** A goal's truth as a latent. */
  latentOf({ tool, openingM, objects }: SceneTruth): Float32Array {
    return Float32Array.from([...tool, openingM, ...(this.#object === undefined ? [0, 0, 0] : objects[this.#object])]);
  }

  /** The truth of the world as it is; no picture is looked at. */
  encode(): Promise<Float32Array> {
    return Promise.resolve(this.#latent());
  }

  score(latent: Float32Array, _state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScores> {
    const { horizon, actionDim } = this;
    const start = this.#world.saveState();
    const stepEnergies = new Float32Array(count * horizon);
    for (let candidate = 0; candidate < count; candidate++) {
      const own = actions.subarray(candidate * horizon * actionDim, (candidate + 1) * horizon * actionDim);
      this.#rollOut(own, goal, stepEnergies.subarray(candidate * horizon, (candidate + 1) * horizon));
      this.#world.restoreState(start);
    }
    return Promise.resolve({ stepEnergies, startEnergy: this.#energy(latent, goal) });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The first action is being executed already; the others are imagined as joint moves at an even speed. */
  #rollOut(actions: Float32Array, goal: Float32Array, energies: Float32Array): void {
    const world = this.#world;
    const steps = Math.round(this.#periodS / world.timestepS);
    let setpoint = Float64Array.from(world.command.sample(world.timeS + this.#periodS).positions);
    for (let h = 0; h < this.horizon; h++) {
      if (h > 0) {
        setpoint = Float64Array.from(world.actions.jointTargets(onLeash(setpoint, world.jointState().positions), actions.subarray(h * this.actionDim, (h + 1) * this.actionDim)));
        world.command.setTrajectory({
          jointNames: world.jointNames, points: [{ positions: [...setpoint], velocities: [], timeFromStartS: this.#periodS }],
        }, world.timeS);
      }
      world.step(steps);
      energies[h] = this.#energy(this.#latent(), goal);
    }
  }

  #latent(): Float32Array {
    const world = this.#world;
    const state = world.actions.state(world.jointState());
    return Float32Array.from([...state.subarray(0, 4), ...(this.#object === undefined ? [0, 0, 0] : world.objectPosition(this.#object))]);
  }

  /**
   * Squared distances, m²: the object from its place, the tool from where it is in the goal *beside the object*, and the opening. The
   * tool's place alone would pull it through the object that it has to push or to take.
   */
  #energy(latent: Float32Array, goal: Float32Array): number {
    let energy = (latent[3]! - goal[3]!) ** 2;
    for (let axis = 0; axis < 3; axis++) {
      const object = latent[4 + axis]! - goal[4 + axis]!;
      const tool = latent[axis]! - goal[axis]! - object;
      energy += OBJECT_WEIGHT * object ** 2 + tool ** 2;
    }
    return energy;
  }
}
