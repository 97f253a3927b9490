import { readTruth, type SceneTruth } from "../../sim/tasks.js";
import type { SimWorld } from "../../sim/world.js";
import type { Manifest, RolloutScores, WorldModel } from "../world-model/index.js";

/** Entries that a latent must have for the simulator to fill them in. */
const ENTRIES = ["tool_x", "tool_y", "tool_z", "opening", "narrow_x", "narrow_y", "narrow_z", "wide_x", "wide_y", "wide_z"];

/** Why the simulator's truth cannot stand for a bundle's encoder; undefined when it can. */
export function whyPerceptionStays({ name, latent }: Pick<Manifest, "name" | "latent">): string | undefined {
  if (latent.readable?.names.join() === ENTRIES.join()) return undefined;
  return `bundle ${name} does not say that its latent is ${ENTRIES.join(", ")} (latent.readable): perception cannot be replaced`;
}

/**
 * A learned world model with the simulator's truth in the place of its encoder: prediction, value, policy and search are the model's. What it does
 * better than the model itself is what perception costs.
 */
export class TruePerception implements WorldModel {
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  readonly horizon: number;
  readonly imageWidth: number;
  readonly imageHeight: number;
  readonly propose?: Required<WorldModel>["propose"];
  readonly #model: WorldModel;
  readonly #world: SimWorld;
  readonly #mean: readonly number[];
  readonly #std: readonly number[];

  /** @throws Error when the bundle's latent does not say where tool and things are. */
  constructor(model: WorldModel, manifest: Manifest, world: SimWorld) {
    const refusal = whyPerceptionStays(manifest);
    if (refusal !== undefined) throw new Error(refusal);
    const readable = manifest.latent.readable!;
    this.latentDim = model.latentDim;
    this.stateDim = model.stateDim;
    this.actionDim = model.actionDim;
    this.horizon = model.horizon;
    this.imageWidth = model.imageWidth;
    this.imageHeight = model.imageHeight;
    if (model.propose !== undefined) this.propose = model.propose.bind(model);
    this.#model = model;
    this.#world = world;
    this.#mean = readable.mean;
    this.#std = readable.std;
  }

  /** A goal's truth as a latent. */
  latentOf({ tool, openingM, objects }: SceneTruth): Float32Array {
    return this.#standardised([...tool, openingM, ...objects.cube, ...objects.cup]);
  }

  /** The truth of the world as it is; no picture is looked at. */
  encode(): Promise<Float32Array> {
    return Promise.resolve(this.latentOf(readTruth(this.#world)));
  }

  score(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScores> {
    return this.#model.score(latent, state, actions, count, goal);
  }

  close(): Promise<void> {
    return this.#model.close();
  }

  #standardised(values: readonly number[]): Float32Array {
    return Float32Array.from(values, (value, i) => (value - this.#mean[i]!) / this.#std[i]!);
  }
}
