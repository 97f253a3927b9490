import type { PredictedMessage } from "./messages.js";

/** What the thread that reads the memory is asked, and what it answers. `controllersDir`: the folder that the controller names, "" for none. */
export type RecallRequest =
  | { readonly id: number; readonly kind: "nearest"; readonly controllersDir: string; readonly latent: Float32Array; readonly encoderSha256: string }
  | { readonly id: number; readonly kind: "frame"; readonly controllersDir: string; readonly episode: string; readonly step: number };

export type RecallReply =
  | { readonly id: number; readonly kind: "nearest"; readonly predicted: Omit<PredictedMessage, "type"> }
  /** JPEG. */
  | { readonly id: number; readonly kind: "frame"; readonly jpeg: Uint8Array }
  | { readonly id: number; readonly kind: "failed"; readonly reason: string };
