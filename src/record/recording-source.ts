import type { RgbImage } from "../camera/types.js";

/** What comes out of a recording, each kind in the order of its times (s, on one clock). Joints are the wanted ones, rad (m). */
export type RecordedEvent =
  | { readonly kind: "picture"; readonly timeS: number; readonly image: RgbImage }
  | { readonly kind: "joints"; readonly timeS: number; readonly positions: Float64Array }
  | { readonly kind: "command"; readonly timeS: number; readonly setpoint: Float64Array }
  /** What comes next does not belong to what came before. */
  | { readonly kind: "cut" };

/** A recording that can be read from its begin to its end. */
export interface RecordingSource {
  /** The joints that were asked for. */
  readonly joints: readonly string[];
  /** In a few words, for people and for dataset.json. */
  readonly name: string;
  /** Rejects with one line when it is damaged or does not hold what was asked for. */
  events(): AsyncIterable<RecordedEvent>;
}
