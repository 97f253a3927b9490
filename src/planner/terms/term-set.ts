import type { CandidateCosts } from "../types.js";
import type { ObjectiveTerm, PlanStart, Rollouts, TermContext, TermStatistics } from "./types.js";

/** A term and how much it counts. */
export interface WeightedTerm {
  readonly term: ObjectiveTerm;
  /** At least 0; a term of weight 0 is not asked. */
  readonly weight: number;
}

/** What is counted of one term during a plan. */
interface Entry {
  readonly term: ObjectiveTerm | undefined;
  readonly name: string;
  weight: number;
  /** Weighted costs of the population added last. */
  costs: Float64Array;
  sum: number;
  finite: number;
  candidates: number;
  best: number;
}

/** Name of the statistics of what the terms are added to. */
export const GOAL_ENERGY = "goal_energy";

/**
 * The terms of an objective: adds their weighted costs to the goal energies of a population and counts what each does. With no term of a
 * weight above 0 the energies are left as they are, bit for bit.
 */
export class TermSet implements CandidateCosts {
  readonly #stateDim: number;
  readonly #goal: Entry;
  readonly #entries: readonly Entry[];
  #active: readonly Entry[];
  #start: PlanStart | undefined;
  #raw = new Float64Array(0);

  /**
   * Initializes the terms.
   * @throws Error with one line when a term cannot be initialized, a name is there twice, or a weight is not a number of at least 0.
   */
  constructor(terms: readonly WeightedTerm[], context: TermContext) {
    this.#stateDim = context.stateNames.length;
    this.#goal = entry(undefined, GOAL_ENERGY, 1);
    this.#entries = terms.map(({ term, weight }) => {
      checkWeight(term.name, weight);
      term.initialize(context);
      return entry(term, term.name, weight);
    });
    const names = [GOAL_ENERGY, ...terms.map(({ term }) => term.name)];
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new RangeError(`objective term ${twice} is there twice: give each a name of its own`);
    this.#active = this.#entries.filter(({ weight }) => weight > 0);
  }

  /** Whether there is a term of a weight above 0. */
  get active(): boolean {
    return this.#active.length > 0;
  }

  /** Name of the first term of a weight above 0 that looks at predicted states. */
  get needingStates(): string | undefined {
    return this.#active.find(({ term }) => term!.needsStates === true)?.name;
  }

  /** Name of the first term of a weight above 0 that looks at joint positions. */
  get needingJoints(): string | undefined {
    return this.#active.find(({ term }) => term!.needsJoints === true)?.name;
  }

  /** Begins a plan. @param weights by name; terms that are not named keep theirs. @throws RangeError when a weight makes no sense, Error when joints are missing. */
  begin(start: PlanStart, weights: Readonly<Record<string, number>> = {}): void {
    for (const one of this.#entries) {
      const weight = weights[one.name];
      if (weight === undefined) continue;
      checkWeight(one.name, weight);
      one.weight = weight;
    }
    this.#active = this.#entries.filter(({ weight }) => weight > 0);
    const blind = start.joints === undefined ? this.needingJoints : undefined;
    if (blind !== undefined) throw new Error(`objective term ${blind} needs the joint positions, and the plan was asked for without them`);
    this.#start = start;
    for (const one of [this.#goal, ...this.#active]) {
      one.sum = one.finite = one.candidates = 0;
      one.best = NaN;
    }
  }

  add(rollouts: Rollouts, energies: Float64Array): void {
    if (this.#start === undefined) throw new Error("add() before begin()");
    const { count } = rollouts;
    const scored = { ...rollouts, stateDim: this.#stateDim, start: this.#start };
    if (this.#raw.length < count) this.#raw = new Float64Array(count);
    const raw = this.#raw.subarray(0, count);
    this.#take(this.#goal, energies, count);
    for (const one of this.#active) {
      raw.fill(0);
      one.term!.score(scored, raw);
      this.#take(one, raw, count);
      for (let c = 0; c < count; c++) energies[c]! += one.costs[c]!;
    }
  }

  best(row: number): void {
    for (const one of [this.#goal, ...this.#active]) one.best = one.costs[row]!;
  }

  /** What each term did to the last plan, the goal energy first. */
  get statistics(): readonly TermStatistics[] {
    const entries = [this.#goal, ...this.#active];
    const total = entries.reduce((sum, { best }) => sum + Math.abs(best), 0);
    return entries.map(({ name, weight, sum, finite, candidates, best }) => ({
      name, weight, candidates,
      mean: finite === 0 ? undefined : sum / finite,
      best: Number.isFinite(best) ? best : undefined,
      share: !Number.isFinite(total) ? undefined : total === 0 ? 0 : Math.abs(best) / total,
      nonFinite: candidates - finite,
    }));
  }

  #take(one: Entry, costs: Float64Array, count: number): void {
    if (one.costs.length < count) one.costs = new Float64Array(count);
    one.candidates += count;
    for (let c = 0; c < count; c++) {
      const cost = one.weight * costs[c]!;
      if (Number.isFinite(cost)) {
        one.costs[c] = cost;
        one.sum += cost;
        one.finite++;
      } else {
        one.costs[c] = Infinity;
      }
    }
  }
}

function entry(term: ObjectiveTerm | undefined, name: string, weight: number): Entry {
  return { term, name, weight, costs: new Float64Array(0), sum: 0, finite: 0, candidates: 0, best: NaN };
}

function checkWeight(name: string, weight: number): void {
  if (!(weight >= 0 && Number.isFinite(weight))) throw new RangeError(`weight of the objective term ${name} is ${weight}: must be a number of at least 0`);
}
