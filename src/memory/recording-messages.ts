import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "./episode.js";

/** What the recording thread is started with. */
export interface RecordingSetup {
  /** The memory. */
  readonly dir: string;
  /** What its files may take. */
  readonly maxBytes: number;
}

/** To the recording thread; each is answered by `done`. */
export type RecordingRequest =
  | { readonly kind: "begin"; readonly header: EpisodeHeader }
  | { readonly kind: "step"; readonly step: EpisodeStep }
  | { readonly kind: "event"; readonly event: EpisodeEvent }
  | { readonly kind: "end"; readonly outcome: EpisodeOutcome }
  /** Ends the thread when all before it is written. */
  | { readonly kind: "close" };

/** From the recording thread. */
export type RecordingReply =
  | { readonly kind: "done"; readonly of: RecordingRequest["kind"] }
  /** Nothing of this episode is recorded any more. @property sentence why. */
  | { readonly kind: "failed"; readonly sentence: string }
  /** Steps are being written, perhaps again. */
  | { readonly kind: "recording" }
  /** For the log. */
  | { readonly kind: "note"; readonly sentence: string };
