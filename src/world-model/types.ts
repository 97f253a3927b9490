import type { RgbImage } from "../camera/types.js";

/** Result of scoring one population. Arrays may be reused by the next call. */
export interface RolloutScores {
  /** Energy per candidate and step, row-major [count, horizon]. */
  readonly stepEnergies: Float32Array;
  /** Energy of the start latent itself: how far from the goal we are now. */
  readonly startEnergy: number;
}

/** Scores with the predicted proprioception. Arrays may be reused by the next call. */
export interface RolloutScoresWithStates extends RolloutScores {
  /** Proprioception after each action, row-major [count, horizon, stateDim], in manifest order and units. */
  readonly states: Float32Array;
}

/** Where the candidates end. The arrays may be reused by the next call. */
export interface RolloutEnds {
  /** Row-major [count, latentDim]. */
  readonly latents: Float32Array;
  /** Row-major [count, stateDim], in manifest order and units. */
  readonly states: Float32Array;
}

/** A picture, encoded. */
export interface Encoded {
  /** [latentDim], a fresh array. */
  readonly latent: Float32Array;
  /** Features of the picture, white over the training's pictures (mean 0, covariance the identity); a fresh array. */
  readonly features: Float32Array;
}

/** What a world model offers, whatever runs it. */
export interface WorldModel {
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  readonly horizon: number;
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** Encodes one picture of any size (it is fitted to the model's) into a latent [latentDim]; a fresh array. */
  encode(image: RgbImage): Promise<Float32Array>;
  /** As encode(), with features; left out by models that have none. */
  encodeWithFeatures?(image: RgbImage): Promise<Encoded>;
  /**
   * The latent one action later [latentDim], a fresh array; left out by models that do not say it. Arguments as in `score`.
   * @param action [actionDim], physical units.
   */
  predict?(latent: Float32Array, state: Float32Array, action: Float32Array): Promise<Float32Array>;
  /**
   * Rolls out every candidate and scores it against the goal.
   * @param latent start latent [latentDim]. @param state proprioception [stateDim] in manifest order and units.
   * @param actions [count, horizon, actionDim], physical units. @param goal goal latent [latentDim].
   */
  score(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScores>;
  /** As `score`, and where each step leads; left out by models that do not say. It costs a copy more: ask only where somebody looks at the states. */
  scoreWithStates?(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScoresWithStates>;
  /** Rolls out every candidate and gives where it ends, without a goal; left out by models that do not say it. Arguments as in `score`. */
  rollOut?(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number): Promise<RolloutEnds>;
  /**
   * Sequences that a learned policy would try; left out by models that have none. Arguments as in `score`.
   * @param committed [k, actionDim] actions that are decided. @param noise standard normals [count, horizon, actionDim].
   * @returns [count, horizon, actionDim], physical units; the array may be reused by the next call.
   */
  propose?(latent: Float32Array, state: Float32Array, goal: Float32Array, committed: Float32Array, noise: Float32Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}
