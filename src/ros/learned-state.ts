import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type AdaptedTo, type Adapter, readAdaptation, writeAdaptation } from "../adaptation/index.js";
import { oneLine } from "../text/one-line.js";
import type { ControllerStatus } from "../control/status.js";

export interface LearnedStateOptions {
  readonly adapter: Adapter;
  readonly file: string;
  readonly to: AdaptedTo;
  readonly warn: (sentence: string) => void;
}

/** What an adapter has learned, kept on disk: read once, written when the arm has come to an end of something. Nothing of it stops the node. */
export class LearnedState {
  readonly #options: LearnedStateOptions;
  #savedSteps: number;
  #saving: Promise<void> = Promise.resolve();

  /** Goes on from what the file has, where it is of this robot. */
  static async load(options: LearnedStateOptions): Promise<LearnedState> {
    try {
      const saved = await readAdaptation(options.file, options.to);
      if (saved !== undefined) options.adapter.restore(saved);
    } catch (error) {
      options.warn(`adaptation: ${oneLine(error)}`);
    }
    return new LearnedState(options);
  }

  private constructor(options: LearnedStateOptions) {
    this.#options = options;
    this.#savedSteps = options.adapter.steps;
  }

  /** Looks at a status: with the arm on its way there is no time for files. */
  onStatus({ state, final }: ControllerStatus): void {
    if (final || state === "idle") void this.save();
  }

  /** Writes what is new. Never rejects. */
  save(): Promise<void> {
    const { adapter, file, to, warn } = this.#options;
    if (adapter.steps === this.#savedSteps) return this.#saving;
    this.#savedSteps = adapter.steps;
    const learned = adapter.save();
    this.#saving = this.#saving.then(async () => {
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeAdaptation(file, learned, to, new Date().toISOString());
      } catch (error) {
        warn(`adaptation: what was learned is not kept: ${oneLine(error)}`);
      }
    });
    return this.#saving;
  }
}
