import type { ActionBounds } from "../planner/index.js";
import { MemoryIndex } from "../memory/memory-index.js";
import { oneLine } from "../text/one-line.js";
import type { RememberedPlans } from "./remembered-plans.js";

/** What of a bundle says whose plans these are. */
export interface IndexedPlansOptions {
  /** The memory's folder. */
  readonly dir: string;
  readonly rolloutSha256: string;
  readonly latentDim: number;
  readonly horizon: number;
  /** The box of one action. */
  readonly bounds: ActionBounds;
  /** Sequences that a search gets. Default 8. */
  readonly count?: number;
  /** Told what keeps the memory from being used. */
  readonly onProblem?: (sentence: string) => void;
}

/** So many times as many are looked up as are wanted: not all went well. */
const LOOKED_UP = 8;

/**
 * Plans out of the memory's index: what was executed in the nearest places for the nearest goals, of episodes that reached their goal. The index is read
 * once; what is new is taken up by update(), between plans.
 */
export class IndexedPlans implements RememberedPlans {
  readonly #index: MemoryIndex;
  readonly #options: IndexedPlansOptions;

  /** Rejects with one line when the memory cannot be read. */
  static async open(options: IndexedPlansOptions): Promise<IndexedPlans> {
    const plans = new IndexedPlans(await MemoryIndex.open(options.dir), options);
    await plans.#load();
    return plans;
  }

  private constructor(index: MemoryIndex, options: IndexedPlansOptions) {
    this.#index = index;
    this.#options = options;
  }

  /** Takes up episodes that were added and forgets those that are gone. Never rejects. */
  async update(): Promise<void> {
    try {
      const { added, removed } = await this.#index.update();
      if (added > 0 || removed > 0) await this.#load();
    } catch (error) {
      this.#options.onProblem?.(`the memory cannot be read: ${oneLine(error)}`);
    }
  }

  async near(latent: Float32Array, goal: Float32Array): Promise<Float32Array> {
    const { rolloutSha256, horizon, bounds: { low, high }, count = 8, onProblem } = this.#options;
    const actionDim = low.length;
    try {
      const found = await this.#index.nearestPlans(latent, goal, rolloutSha256, LOOKED_UP * count);
      const good = found.filter(({ outcome, executed, startEnergy, energyReached }) => outcome === "reached" && executed.length > 0 && executed.length % actionDim === 0 && energyReached < startEnergy);
      const sequences = new Float32Array(Math.min(count, good.length) * horizon * actionDim);
      good.slice(0, count).forEach(({ executed }, i) => {
        const sequence = sequences.subarray(i * horizon * actionDim, (i + 1) * horizon * actionDim);
        sequence.set(executed.subarray(0, sequence.length));
        for (let at = executed.length; at < sequence.length; at++) {
          const dim = at % actionDim;
          // After what was executed the arm rests: a change is none, a place stays.
          sequence[at] = low[dim]! < 0 && high[dim]! > 0 ? 0 : sequence[at - actionDim]!;
        }
      });
      return sequences;
    } catch (error) {
      onProblem?.(`the memory cannot be read: ${oneLine(error)}`);
      return new Float32Array(0);
    }
  }

  /** Reads the tables, so that no plan has to. */
  async #load(): Promise<void> {
    const { latentDim, rolloutSha256 } = this.#options;
    await this.#index.nearestPlans(new Float32Array(latentDim), new Float32Array(latentDim), rolloutSha256, 1);
  }
}
