import { EpisodeWriter } from "./episode-writer.js";

import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "./episode.js";
import type { EpisodeSink } from "./episode-sink.js";

/**
 * Records episodes in the calling thread, for simulation runs that wait for their recording. The outcome is written by finish(), when
 * the simulator's truth is known.
 */
export class DirectRecording implements EpisodeSink {
  readonly #folder: string;
  #header: EpisodeHeader | undefined;
  #writer: EpisodeWriter | undefined;
  #outcome: EpisodeOutcome | undefined;
  #work: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** @param folder where the episodes' files go. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  begin(header: EpisodeHeader): void {
    this.#header = header;
    this.#outcome = undefined;
    this.#then(async () => { this.#writer = await EpisodeWriter.begin(this.#folder, header); });
  }

  step(step: EpisodeStep): void {
    this.#then(() => this.#writer!.write(step));
  }

  event(event: EpisodeEvent): void {
    this.#then(() => { this.#writer!.note(event); });
  }

  end(outcome: EpisodeOutcome): void {
    this.#outcome = outcome;
  }

  /** Waits until all that was handed over is in the file. @throws Error with one line when it could not be written. */
  async settled(): Promise<void> {
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the file of an episode that has ended. @throws Error with one line when it could not be written. */
  async finish(truth: NonNullable<EpisodeOutcome["truth"]>): Promise<void> {
    const outcome = this.#outcome;
    if (this.#header === undefined || outcome === undefined) throw new Error("no episode has ended that could be finished");
    this.#then(() => { this.#writer!.end({ ...outcome, truth }); });
    await this.settled();
    this.#header = undefined;
  }

  /** One after the other; after a failure nothing more. */
  #then(work: () => void | Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await work();
      } catch (error) {
        this.#failure = new Error(`the episode cannot be recorded in ${this.#folder}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        this.#writer?.leave();
      }
    });
  }
}
