import type { Rollouts } from "../planner/index.js";
import type { ModelTurn } from "./base-frame-costs.js";
import type { ShownCandidates } from "./planning-service.js";

/** Sizes of what is kept. */
interface Shape {
  readonly horizon: number;
  readonly actionDim: number;
  readonly stateDim: number;
}

interface Kept {
  readonly energy: number;
  readonly actions: Float32Array;
  readonly states: Float32Array | undefined;
}

/** Most that are ever kept: as many as people can tell apart. */
const MOST = 64;
/** Parts that the kept ones are of: the first population, where the search looked everywhere, and the last ones, where it ended. */
const PARTS = 4;

/**
 * Some candidates of a running plan: of each population the best and others evenly by rank. The first population and the newest stay, so that one
 * sees both how wide the search looked and what it came to; the best of all is always among them.
 */
export class CandidateSample {
  readonly #shape: Shape;
  readonly #each: number;
  readonly #most: number;
  readonly #kept: Kept[][] = [];
  #best: Kept | undefined;

  constructor(most: number, shape: Shape) {
    this.#shape = shape;
    this.#most = Math.min(MOST, most);
    this.#each = Math.max(1, Math.floor((this.#most - 1) / PARTS));
  }

  /** As a planner's `onJudged`. */
  take(rollouts: Rollouts, energies: Float64Array): void {
    const ranked = Array.from(energies.keys()).filter((row) => Number.isFinite(energies[row])).sort((a, b) => energies[a]! - energies[b]!);
    const places = Math.min(this.#each, ranked.length);
    const rows = Array.from({ length: places }, (_, i) => ranked[places === 1 ? 0 : Math.round((i * (ranked.length - 1)) / (places - 1))]!);
    const kept = rows.map((row) => this.#copy(rollouts, row, energies[row]!));
    const [best] = kept;
    if (best === undefined) return;
    if (this.#best === undefined || best.energy < this.#best.energy) this.#best = best;
    this.#kept.push(kept);
    if (this.#kept.length > PARTS) this.#kept.splice(1, 1);
  }

  /** @param start proprioception that the plan began with, in the model's frame as all that was taken. */
  shown(start: Float32Array, turn: ModelTurn | undefined): ShownCandidates {
    const { horizon, actionDim, stateDim } = this.#shape;
    const candidates = [...new Set([...(this.#best === undefined ? [] : [this.#best]), ...this.#kept.flat()])]
      .sort((a, b) => a.energy - b.energy).slice(0, this.#most);
    const actions = new Float32Array(candidates.length * horizon * actionDim);
    const states = candidates.every((candidate) => candidate.states !== undefined) ? new Float32Array(candidates.length * horizon * stateDim) : undefined;
    candidates.forEach((candidate, i) => {
      actions.set(candidate.actions, i * horizon * actionDim);
      states?.set(candidate.states!, i * horizon * stateDim);
    });
    return {
      count: candidates.length,
      actions: turn?.actions.toBase(actions) ?? actions,
      energies: Float64Array.from(candidates, ({ energy }) => energy),
      start: turn?.states.toBase(start) ?? start.slice(),
      ...(states === undefined ? {} : { states: turn?.states.toBase(states) ?? states }),
    };
  }

  #copy({ actions, states }: Rollouts, row: number, energy: number): Kept {
    const { horizon, actionDim, stateDim } = this.#shape;
    const [actionSize, stateSize] = [horizon * actionDim, horizon * stateDim];
    return {
      energy,
      actions: actions.slice(row * actionSize, (row + 1) * actionSize),
      states: states?.slice(row * stateSize, (row + 1) * stateSize),
    };
  }
}
