import type { Refinement } from "./cross-entropy-options.js";
import type { Population } from "./population.js";
import type { SequenceDistribution } from "./sequence-distribution.js";
import type { PlanProblem } from "./types.js";

/** Sequences along the direction of descent, in its lengths off the best. */
const STRIDES = [1, 2, 4, 0.5, 8];
/** One pair in so many has its switches moved. */
const SWITCHED_PAIR = 4;
/** Rechenberg's rule: where more than this share of the sequences is better than their centre, the steps are too small. */
const WANTED_SUCCESS = 0.2;
const WIDER = 1.5;
const NARROWER = 0.6;

/**
 * A gradient-free search round the best sequence, where the distribution that found it has become too wide to find a better one.
 *
 * Pairs that lie opposite each other round the best sequence are scored; their differences in energy, summed over the pairs, are the direction of
 * descent along which the next population has a few sequences (augmented random search: Mania et al. 2018, section 3; evolution strategies: Salimans et al. 2017). The pairs' distance follows
 * the one-fifth rule (Rechenberg 1973; Beyer and Schwefel 2002).
 */
export class LocalRefinement {
  readonly iterations: number;
  readonly candidates: number;
  readonly #firstScale: number;
  readonly #size: number;
  #scale = 0;
  /** Rows before the pairs. */
  #strides = 0;
  #hasSwitches = false;
  #hasDirection = false;
  /** [horizon, actionDim]; as long as the pairs' offsets were on average. */
  readonly #direction: Float64Array;
  /** Energy of what the pairs of the last population lay round. */
  #centreEnergy = Infinity;

  constructor({ iterations, candidates, scale }: Required<Refinement>, horizon: number, actionDim: number) {
    this.iterations = iterations;
    this.candidates = candidates;
    this.#firstScale = scale;
    this.#size = horizon * actionDim;
    this.#direction = new Float64Array(this.#size);
  }

  /** Forgets the last plan's. */
  begin(): void {
    this.#scale = this.#firstScale;
    this.#hasDirection = false;
  }

  /** Fills the first `count` rows of `population` with sequences that the problem allows. */
  sample(problem: PlanProblem, distribution: SequenceDistribution, best: Population, population: Population, count: number): void {
    const { actions } = population;
    const size = this.#size;
    const pairs = Math.floor((count - (this.#hasDirection ? STRIDES.length - 1 : 0)) / 2);
    this.#strides = count - 2 * pairs;
    this.#centreEnergy = best.energies[0]!;
    this.#hasSwitches = distribution.hasSwitches;
    for (let row = 0; row < this.#strides; row++) {
      const stride = this.#hasDirection ? STRIDES[row]! : 0;
      for (let i = 0; i < size; i++) actions[row * size + i] = best.actions[i]! + stride * this.#direction[i]!;
      distribution.admitAll(problem, actions, row);
    }
    for (let pair = 0; pair < pairs; pair++) {
      const row = this.#strides + 2 * pair;
      distribution.drawPairInto(problem, actions, row, best.actions, this.#scale);
      if (this.#movesSwitches(pair)) {
        distribution.moveSwitches(problem, actions, row, 1);
        distribution.moveSwitches(problem, actions, row + 1, -1);
      }
    }
  }

  /** Learns from the first `count` rows, now scored. */
  judge({ actions, energies }: Population, count: number): void {
    const size = this.#size;
    const direction = this.#direction.fill(0);
    let lengths = 0;
    let used = 0;
    for (let pair = 0, row = this.#strides; row + 1 < count; pair++, row += 2) {
      const difference = energies[row + 1]! - energies[row]!;
      if (!Number.isFinite(difference) || this.#movesSwitches(pair)) continue;
      let squares = 0;
      for (let i = 0; i < size; i++) {
        const offset = (actions[row * size + i]! - actions[(row + 1) * size + i]!) / 2;
        direction[i]! += difference * offset;
        squares += offset * offset;
      }
      lengths += Math.sqrt(squares);
      used++;
    }
    let squares = 0;
    for (let i = 0; i < size; i++) squares += direction[i]! ** 2;
    const length = Math.sqrt(squares);
    this.#hasDirection = used > 0 && length > 0;
    if (this.#hasDirection) {
      for (let i = 0; i < size; i++) direction[i]! *= lengths / used / length;
    }
    let better = 0;
    for (let row = 0; row < count; row++) if (energies[row]! < this.#centreEnergy) better++;
    this.#scale *= better > WANTED_SUCCESS * count ? WIDER : NARROWER;
  }

  #movesSwitches(pair: number): boolean {
    return this.#hasSwitches && pair % SWITCHED_PAIR === SWITCHED_PAIR - 1;
  }
}
