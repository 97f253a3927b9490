/** A stretch of what was lived: frames one period apart, in the order of time. */
export interface Stretch {
  readonly id: string;
  /** [frames, latentDim] */
  readonly latents: Float32Array;
  /** Proprioception, [frames, stateDim]. */
  readonly states: Float32Array;
  /** What led from each frame to the next, [frames - 1, actionDim]. */
  readonly actions: Float32Array;
  readonly frames: number;
}

/** A frame of a stretch. */
export interface FrameRef {
  /** Index into the experience's stretches. */
  readonly stretch: number;
  /** From 0. */
  readonly frame: number;
}

/** What was lived, as latents. */
export interface Experience {
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  readonly stretches: readonly Stretch[];
}

/** Frame `frame` of `[frames, dim]`; a view. */
export function row(values: Float32Array, dim: number, frame: number): Float32Array {
  return values.subarray(frame * dim, (frame + 1) * dim);
}
