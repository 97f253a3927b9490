import { Worker } from "node:worker_threads";

// Sharp has to be loaded by the main thread before a worker loads it.
import "../camera/files.js";
import { oneLine } from "../text/one-line.js";

import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "./episode.js";
import type { EpisodeSink } from "./episode-sink.js";
import type { RecordingReply, RecordingRequest, RecordingSetup } from "./recording-messages.js";

export interface RecorderOptions extends RecordingSetup {
  /** Told once when recording fails, and once when it works again. */
  readonly warn: (sentence: string) => void;
  readonly info: (sentence: string) => void;
  /** Steps that may wait to be written; more are dropped and counted. Default 16. */
  readonly maxWaiting?: number;
}

/** How recording goes. */
export interface RecordingState {
  /** Of the episode under way. */
  readonly episode?: string;
  /** Handed over since the start. */
  readonly steps: number;
  /** Dropped since the start. */
  readonly dropped: number;
  /** Steps that wait to be written. */
  readonly waiting: number;
  /** Why nothing is recorded, where that is so. */
  readonly problem?: string;
}

/**
 * Records episodes in a thread of its own. What is handed over is copied and queued; a call takes the time of a copy of the picture. When
 * the thread cannot keep up, steps are dropped, counted, and said in the outcome. Whatever goes wrong with disk or thread is said once, and the caller goes on.
 */
export class Recorder implements EpisodeSink {
  readonly #options: RecorderOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #waiting = 0;
  #steps = 0;
  #dropped = 0;
  /** Of the episode under way. */
  #droppedHere = 0;
  #episode: string | undefined;
  #problem: string | undefined;
  #dead = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { dir, maxBytes } = options;
    this.#worker = new Worker(new URL("./recording-worker.js", import.meta.url), { workerData: { dir, maxBytes } satisfies RecordingSetup });
    this.#worker.on("message", (reply: RecordingReply) => { this.#onReply(reply); });
    this.#worker.on("error", (error) => { this.#onProblem(`Not recording: the recording thread ended: ${oneLine(error)}.`); });
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#dead = true;
        resolve();
      });
    });
    // A process that has nothing else to do ends; close() waits.
    this.#worker.unref();
  }

  get state(): RecordingState {
    return {
      steps: this.#steps, dropped: this.#dropped, waiting: this.#waiting, ...(this.#episode === undefined ? {} : { episode: this.#episode }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  begin(header: EpisodeHeader): void {
    this.#episode = header.id;
    this.#droppedHere = 0;
    this.#post({ kind: "begin", header });
  }

  step(step: EpisodeStep): void {
    if (this.#waiting >= (this.#options.maxWaiting ?? 16)) {
      this.#dropped++;
      this.#droppedHere++;
      return;
    }
    // A copy that is just the picture: the array may be a part of a larger one, of which all would be sent.
    const data = new Uint8Array(step.image.data);
    if (this.#post({ kind: "step", step: { ...step, image: { ...step.image, data } } }, [data.buffer])) {
      this.#waiting++;
      this.#steps++;
    }
  }

  event(event: EpisodeEvent): void {
    this.#post({ kind: "event", event });
  }

  end(outcome: EpisodeOutcome): void {
    this.#episode = undefined;
    this.#post({ kind: "end", outcome: this.#droppedHere === 0 ? outcome : { ...outcome, droppedSteps: this.#droppedHere } });
  }

  /** Resolves when all that was handed over is written and the thread has ended, or after so many seconds: what is not written then is lost or recovered later. */
  async close(timeoutS: number): Promise<void> {
    if (!this.#post({ kind: "close" })) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#exited, new Promise((resolve) => { timer = setTimeout(resolve, 1000 * timeoutS); })]);
    clearTimeout(timer);
  }

  #post(request: RecordingRequest, transfer: readonly ArrayBuffer[] = []): boolean {
    if (this.#dead) return false;
    try {
      this.#worker.postMessage(request, transfer);
      return true;
    } catch (error) {
      this.#onProblem(`Not recording: ${oneLine(error)}.`);
      return false;
    }
  }

  #onReply(reply: RecordingReply): void {
    switch (reply.kind) {
      case "done":
        if (reply.of === "step") this.#waiting--;
        return;
      case "failed":
        this.#onProblem(reply.sentence);
        return;
      case "recording":
        if (this.#problem !== undefined) this.#options.info("Recording episodes again.");
        this.#problem = undefined;
        return;
      case "note":
        this.#options.info(reply.sentence);
    }
  }

  #onProblem(sentence: string): void {
    if (this.#problem === undefined) this.#options.warn(sentence);
    this.#problem = sentence;
  }
}
