/** What a planned picture says, next to what was known without it. */
export interface SurpriseObservation {
  /** Latent of the picture, [latentDim]. */
  readonly latent: Float32Array;
  /** Proprioception at the time of the picture, [stateDim]. */
  readonly state: Float32Array;
  /** What this latent should have been after the picture before and the action that was executed since, [latentDim]; absent where that is not known. */
  readonly predicted?: Float32Array;
  /** Root mean square of the picture's whitened features: 1 is usual in training. Absent where the bundle has no features. */
  readonly unlikeness?: number;
  /** Energy of the picture against the goal. */
  readonly energy?: number;
}
