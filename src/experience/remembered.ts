import type { RgbImage } from "../camera/types.js";
import type { Experience, FrameRef } from "../chain/types.js";

/** What was lived, and the pictures of it, which are read when somebody looks. */
export interface Remembered {
  readonly experience: Experience;
  readonly picture: (at: FrameRef) => Promise<RgbImage>;
}

/** Encodes a picture: a world model's encoder. Latent [latentDim]. */
export type Encode = (image: RgbImage) => Promise<Float32Array>;

export interface RememberOptions {
  readonly encode: Encode;
  /** Of the encoder: latents that are kept are only used for the same one. */
  readonly encoderSha256: string;
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  /** Episodes that are used, the first ones. Default: all. */
  readonly episodes?: number;
  /** Where latents are kept, so that they are made once. */
  readonly cacheDir: string;
  /** Called after each part, with pictures encoded so far and in all. */
  readonly onProgress?: (done: number, all: number) => void;
}
