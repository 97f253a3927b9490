import { checkProblem } from "./check-problem.js";
import { checkOptions, type CrossEntropyOptions, REFINEMENT_DEFAULTS } from "./cross-entropy-options.js";
import { DurationEstimate } from "./duration-estimate.js";
import { selectElites } from "./elites.js";
import { LocalRefinement } from "./local-refinement.js";
import { Population, shiftSequences } from "./population.js";
import { Random } from "./random.js";
import { ScoreFailed } from "./score-failed.js";
import { SequenceDistribution } from "./sequence-distribution.js";
import { GoalEnergy } from "./terms/goal-energy.js";
import { MOST_REMEMBERED, type Plan, type PlanBudget, type Planner, type PlanProblem, type ScoredPopulation } from "./types.js";

export type { CrossEntropyOptions } from "./cross-entropy-options.js";

/** Where the time of the last plan went, in milliseconds of the budget's clock. */
export interface PhaseTimings {
  /** Proposals included. */
  readonly sampleMs: number;
  /** Inside `score`: the world model's roll-out. */
  readonly scoreMs: number;
  /** Objective, elites and refit. */
  readonly selectMs: number;
}

/** What a plan has come to. */
interface Progress {
  iterations: number;
  scored: number;
  ended: Plan["ended"];
}

/** What differs between the populations of a plan. */
interface PopulationSteps {
  /** Fills the first rows; gives how long proposals took, ms. */
  readonly sample: (count: number) => number | Promise<number>;
  /** Learns from the first rows, now scored. */
  readonly judge: (count: number) => void;
}

/** Candidates of the first iteration that are not sampled: the mean and the last plan. */
const MEAN = 0;
const LAST_PLAN = 1;

/** With a deadline, and before anything is known of how long scoring takes, so many candidates are scored to find out. */
const PROBE = 16;
/** The first population is never cut below this, however little time there is, and no other is scored in smaller parts. */
const LEAST = 8;
/**
 * Of the time that the first population has, so much is kept back at most. A stall that was longer is not planned for: with hardly any candidates it would be late, too, and
 * for as long as it is remembered every plan would be a poor one.
 */
const MOST_RESERVED_AT_FIRST = 0.5;

/**
 * The search that CEM, iCEM and MPPI are settings of; `index.ts` has the mathematics.
 *
 * All memory is taken when the shape of the problem first appears; the iterations allocate nothing but views.
 */
export class CrossEntropySearch implements Planner {
  readonly #options: CrossEntropyOptions;
  readonly #random: Random;
  readonly #distribution: SequenceDistribution;
  readonly #goalEnergy: GoalEnergy;
  readonly #eliteRows: Int32Array;
  /** How strongly each elite counts in a refit. */
  readonly #eliteWeights: Float64Array;
  readonly #keptCount: number;

  // Of the problem's shape, made by #fit.
  #horizon = 0;
  #actionDim = 0;
  #population = new Population(0, 0, 0);
  /** The elites of the last refit, best first; `#eliteCount` of them hold. */
  #elites = new Population(0, 0, 0);
  #best = new Population(0, 0, 0);
  /** Of the proposals, [most proposals, horizon, actionDim]. */
  #proposalNoise = new Float32Array(0);
  #refinement: LocalRefinement | undefined;

  // What things take, by the budget's clock: known beyond a plan and a reset.
  readonly #scoring = new DurationEstimate();
  readonly #proposing = new DurationEstimate();
  /** All of an iteration that is neither. */
  readonly #arithmetic = new DurationEstimate();

  // The warm start.
  #hasWarmStart = false;
  #eliteCount = 0;
  /** Steps at the end of the shifted elites that only repeat an action and are to be drawn afresh. */
  #staleSteps = 0;

  #planning = false;
  #sampleMs = 0;
  #scoreMs = 0;
  #selectMs = 0;

  /** @throws RangeError when an option makes no sense. */
  constructor(options: CrossEntropyOptions) {
    checkOptions(options);
    this.#options = options;
    this.#goalEnergy = new GoalEnergy(options.objective ?? { kind: "every_step" });
    this.#random = new Random(options.seed ?? 0);
    const { initialStd, minStd, noiseExponent } = options;
    this.#distribution = new SequenceDistribution({
      initialStd, minStd, noiseExponent, heldDims: [...new Set(options.heldDims ?? [])], switchedDims: [...new Set(options.switchedDims ?? [])],
    }, this.#random);
    this.#eliteRows = new Int32Array(options.elites);
    this.#eliteWeights = new Float64Array(options.elites).fill(1);
    this.#keptCount = Math.floor(options.elites * options.keptElites);
  }

  /** Where the time of the last plan went. */
  get timings(): PhaseTimings {
    return { sampleMs: this.#sampleMs, scoreMs: this.#scoreMs, selectMs: this.#selectMs };
  }

  /**
   * Searches until the iterations and the refinement are through, the deadline would be missed, or nothing is gained any more.
   *
   * A population is begun only when, by what was measured of earlier ones, it will end before the deadline; it is cut to what will. The first is begun when
   * there is any time at all, with few candidates if need be. A running `score` is not interrupted. When nothing could be scored (no time, or no
   * finite energy) the answer is the warm start, or the middle of the box, with `energy` and `stepEnergies` +Infinity: check `energy` before executing it.
   *
   * @throws ScoreFailed when `score` or `propose` throws; it carries the best plan so far.
   * @throws RangeError when the problem makes no sense. @throws Error when a plan is still running.
   */
  async plan(problem: PlanProblem, budget: PlanBudget): Promise<Plan> {
    this.#refuseWhilePlanning("plan");
    checkProblem(problem);
    this.#planning = true;
    try {
      return await this.#search(problem, budget);
    } finally {
      this.#planning = false;
    }
  }

  /**
   * Moves mean, last plan and elites `steps` actions into the future; the last action is repeated, except in the elites, where
   * it will be drawn afresh.
   * @throws RangeError when `steps` is not a whole number of at least 0. @throws Error when a plan is still running.
   */
  shift(steps: number): void {
    this.#refuseWhilePlanning("shift");
    if (!Number.isInteger(steps) || steps < 0) {
      throw new RangeError(`steps is ${steps}: must be a whole number of at least 0`);
    }
    this.#distribution.shift(steps);
    shiftSequences(this.#best.actions, this.#best.capacity, this.#horizon, this.#actionDim, steps);
    shiftSequences(this.#elites.actions, this.#eliteCount, this.#horizon, this.#actionDim, steps);
    this.#staleSteps = Math.min(this.#horizon, this.#staleSteps + steps);
  }

  reset(seed: number): void {
    this.#refuseWhilePlanning("reset");
    this.#random.reset(seed);
    this.#forget();
  }

  async #search(problem: PlanProblem, budget: PlanBudget): Promise<Plan> {
    this.#sampleMs = this.#scoreMs = this.#selectMs = 0;
    this.#fit(problem);
    this.#start(problem);
    const progress: Progress = { iterations: 0, scored: 0, ended: "iterations" };
    try {
      await this.#iterate(problem, budget, progress);
      if (progress.ended !== "deadline") await this.#refine(problem, budget, progress);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const found = Number.isFinite(this.#best.energies[0]!);
      throw new ScoreFailed(found ? this.#answer(progress) : undefined, error.cause, error.message);
    } finally {
      this.#hasWarmStart ||= Number.isFinite(this.#best.energies[0]!);
    }
    return this.#answer(progress);
  }

  async #iterate(problem: PlanProblem, budget: PlanBudget, progress: Progress): Promise<void> {
    const { iterations, elites, candidates, populationDecay, patience, tolerance = 0.001 } = this.#options;
    let size = candidates;
    let withoutGain = 0;
    while (progress.iterations < iterations) {
      const first = progress.iterations === 0;
      const before = this.#best.energies[0]!;
      const whole = first ? await this.#firstPopulation(problem, size, budget, progress) : await this.#runPopulation(problem, size, 2 * elites, budget, progress, {
        sample: (count) => {
          this.#sample(problem, count, false);
          return 0;
        },
        // The elites of the iteration before keep the energies they have: the model would only repeat them.
        judge: (count) => { this.#refit(problem, this.#keepElites(count)); },
      });
      if (!whole) {
        progress.ended = "deadline";
        return;
      }
      const gained = this.#best.energies[0]! < before - tolerance * Math.abs(before) || !Number.isFinite(before);
      withoutGain = gained ? 0 : withoutGain + 1;
      size = Math.max(2 * elites, Math.floor(size / populationDecay));
      if (this.#elitesAgree() || (patience !== undefined && withoutGain >= patience)) {
        progress.ended = "converged";
        return;
      }
    }
  }

  /** The one that is begun when there is any time at all, and in which proposals are. Otherwise as #runPopulation. */
  async #firstPopulation(problem: PlanProblem, size: number, budget: PlanBudget, progress: Progress): Promise<boolean> {
    const { now, deadlineMs } = budget;
    const left = deadlineMs - now();
    if (left <= 0) return false;
    const share = problem.propose === undefined ? 0 : this.#options.proposals ?? 0;
    const most = Math.floor(size * share);
    // Proposals are left out where there is hardly time to score any.
    const proposing = most > 0 && !(this.#proposing.known && this.#proposing.fitting(most, left - this.#scoring.expectedMs(2 * LEAST), MOST_RESERVED_AT_FIRST) < most);
    const count = Math.max(this.#countThatFits(size, proposing ? most : 0, true, budget), Math.min(LEAST, size));
    // Beside the others, not in their place: what is remembered takes nothing away.
    const remembered = this.#rememberedOf(problem);
    const scoredAll = await this.#runPopulation(problem, count + remembered, count + remembered, budget, progress, {
      sample: (all) => {
        const wanted = all - remembered;
        this.#sample(problem, wanted, true);
        this.#takeRemembered(problem, wanted, remembered);
        return proposing ? this.#takeProposals(problem, Math.floor(wanted * share), wanted, now) : 0;
      },
      judge: (scored) => { this.#refit(problem, scored); },
    });
    return scoredAll && count === size;
  }

  /** Searches round the best sequence; without one there is nothing to refine. */
  async #refine(problem: PlanProblem, budget: PlanBudget, progress: Progress): Promise<void> {
    const refinement = this.#refinement;
    if (refinement === undefined || !Number.isFinite(this.#best.energies[0]!)) return;
    refinement.begin();
    for (let i = 0; i < refinement.iterations; i++) {
      const whole = await this.#runPopulation(problem, refinement.candidates, Math.min(LEAST, refinement.candidates), budget, progress, {
        sample: (count) => {
          refinement.sample(problem, this.#distribution, this.#best, this.#population, count);
          return 0;
        },
        judge: (count) => { refinement.judge(this.#population, count); },
      });
      if (!whole) {
        progress.ended = "deadline";
        return;
      }
    }
  }

  /**
   * Samples, scores and judges as many of `size` candidates as fit, if at least `least` do.
   * @returns whether that were all of them.
   */
  async #runPopulation(
    problem: PlanProblem, size: number, least: number, budget: PlanBudget, progress: Progress,
    { sample, judge }: PopulationSteps,
  ): Promise<boolean> {
    const { now } = budget;
    const first = progress.iterations === 0;
    const count = first ? size : this.#countThatFits(size, 0, false, budget);
    if (count < least) return false;
    const begin = now();
    // What proposals took is known on its own: they are asked for once a plan.
    const proposingMs = await sample(count);
    const sampled = now();
    this.#sampleMs += sampled - begin;
    const done = await this.#score(problem, count, budget, first);
    const scored = now();
    this.#scoreMs += scored - sampled;
    if (done === 0) return false;
    judge(done);
    progress.iterations++;
    progress.scored += done;
    const end = now();
    this.#selectMs += end - scored;
    this.#arithmetic.observe(count, sampled - begin - proposingMs + end - scored);
    return done === size;
  }

  /** How many of `size` candidates are scored and judged before the deadline, after `proposed` were asked for, as far as can be said. */
  #countThatFits(size: number, proposed: number, first: boolean, { deadlineMs, now }: PlanBudget): number {
    if (deadlineMs === Infinity || !this.#scoring.known) return size;
    const beside = proposed > 0 ? this.#arithmetic.expectedMs(size) + this.#proposing.expectedMs(proposed) : this.#arithmetic.expectedMs(size);
    // Whatever it is that takes longer than it should: one of them is allowed to, not all at once.
    const reserveMs = Math.max(this.#arithmetic.reserveMs, proposed > 0 ? this.#proposing.reserveMs : 0);
    const mostReserved = first ? MOST_RESERVED_AT_FIRST : 1;
    const leftMs = deadlineMs - now() - beside;
    return this.#scoring.fitting(size, leftMs - Math.max(0, Math.min(reserveMs, mostReserved * leftMs) - this.#scoring.reserveMs), mostReserved);
  }

  /**
   * Scores the first `count` rows: in one call, or in parts where it is not known that all of them will be through before the deadline.
   * @returns how many were scored; 0 only when it is not the first population. @throws Failure
   */
  async #score(problem: PlanProblem, count: number, { deadlineMs, now }: PlanBudget, first: boolean): Promise<number> {
    const size = this.#horizon * this.#actionDim;
    let done = 0;
    while (done < count) {
      const begin = now();
      const rest = count - done;
      let part = rest;
      if (deadlineMs !== Infinity) {
        part = this.#scoring.known ? this.#scoring.fitting(rest, deadlineMs - begin, first && done === 0 ? MOST_RESERVED_AT_FIRST : 1) : Math.min(rest, PROBE);
        if (part < Math.min(LEAST, rest)) {
          if (!first || done > 0) break;
          part = Math.min(LEAST, rest);
        }
      }
      const actions = this.#population.actions.subarray(done * size, (done + part) * size);
      const answer = await attempt("scoring the candidates", async () => {
        const given = await problem.score(actions, part);
        const scores = given instanceof Float32Array ? { stepEnergies: given } : given;
        if (scores.stepEnergies.length < part * this.#horizon) {
          throw new RangeError(`score gave ${scores.stepEnergies.length} energies for ${part} candidates of ${this.#horizon} steps`);
        }
        return scores;
      });
      await attempt("judging the candidates", () => { this.#takeScores(problem, answer, done, part); });
      this.#scoring.observe(part, now() - begin);
      done += part;
    }
    return done;
  }

  /** Takes the memory for the problem's shape; another shape than the last one's has no warm start. */
  #fit(problem: PlanProblem): void {
    const actionDim = problem.bounds.low.length;
    const { horizon } = problem;
    if (horizon === this.#horizon && actionDim === this.#actionDim) {
      return;
    }
    const { candidates, elites, proposals = 0 } = this.#options;
    const refinement = this.#options.refinement === undefined ? undefined : { ...REFINEMENT_DEFAULTS, ...this.#options.refinement };
    this.#distribution.fit(horizon, actionDim);
    this.#goalEnergy.initialize({ horizon });
    this.#horizon = horizon;
    this.#actionDim = actionDim;
    this.#population = new Population(Math.max(candidates + Math.max(MOST_REMEMBERED, this.#keptCount), refinement?.candidates ?? 0), horizon, actionDim);
    this.#elites = new Population(elites, horizon, actionDim);
    this.#best = new Population(1, horizon, actionDim);
    this.#proposalNoise = new Float32Array(Math.floor(candidates * proposals) * horizon * actionDim);
    this.#refinement = refinement === undefined ? undefined : new LocalRefinement(refinement, horizon, actionDim);
    this.#scoring.forget();
    this.#proposing.forget();
    this.#arithmetic.forget();
    this.#forget();
  }

  #forget(): void {
    this.#hasWarmStart = false;
    this.#eliteCount = 0;
    this.#staleSteps = 0;
    this.#distribution.forget();
  }

  /** Brings what is warm into this problem's box, and begins without a best energy. */
  #start(problem: PlanProblem): void {
    this.#distribution.start(problem, this.#hasWarmStart);
    if (!this.#hasWarmStart) {
      this.#best.actions.set(this.#distribution.mean);
    }
    this.#distribution.admit(problem, this.#best.actions, 0);
    this.#best.energies[0] = Infinity;
    this.#best.stepEnergies.fill(Infinity);
  }

  /** Fills the first `count` rows: the mean, in the first iteration what is left of the last plan, and samples. */
  #sample(problem: PlanProblem, count: number, first: boolean): void {
    const { actions } = this.#population;
    this.#distribution.writeMean(problem, actions, MEAN);
    let row = MEAN + 1;
    if (first && this.#hasWarmStart) {
      this.#population.copy(LAST_PLAN, this.#best, 0);
      row = LAST_PLAN + 1;
      // Shifted elites must leave room for samples; a population that was cut has room for fewer.
      const reused = Math.min(this.#keptCount, this.#eliteCount, Math.floor(count / 2));
      for (let e = 0; e < reused; e++, row++) {
        this.#population.copy(row, this.#elites, e);
        if (this.#staleSteps > 0) {
          this.#distribution.drawInto(problem, actions, row, this.#horizon - this.#staleSteps);
        }
        this.#distribution.admit(problem, actions, row);
      }
    }
    for (; row < count; row++) {
      this.#distribution.drawInto(problem, actions, row, 0);
    }
    if (first) {
      // Used up: their energies belong to the last plan's goal and must not be kept into this one's iterations.
      this.#eliteCount = 0;
      this.#staleSteps = 0;
    }
  }

  #rememberedOf({ remembered }: PlanProblem): number {
    return remembered === undefined ? 0 : Math.min(MOST_REMEMBERED, remembered.length / (this.#horizon * this.#actionDim));
  }

  /** Puts remembered sequences into the rows from `from` on, behind what is committed; one that is no number becomes the mean. */
  #takeRemembered(problem: PlanProblem, from: number, count: number): void {
    const size = this.#horizon * this.#actionDim;
    const { actions } = this.#population;
    const decided = problem.committed?.length ?? 0;
    for (let i = 0; i < count; i++) {
      const sequence = problem.remembered!.subarray(i * size, (i + 1) * size - decided);
      this.#distribution.writeMean(problem, actions, from + i);
      if (!sequence.every(Number.isFinite)) continue;
      actions.set(sequence, (from + i) * size + decided);
      this.#distribution.admitAll(problem, actions, from + i);
    }
  }

  /**
   * Puts what the problem proposes in the place of the last samples; the first proposal is without noise. A proposal that is no number costs only
   * itself: its sample stays.
   * @returns how long it took. @throws Failure
   */
  async #takeProposals(problem: PlanProblem, proposed: number, count: number, now: () => number): Promise<number> {
    if (problem.propose === undefined || proposed === 0) return 0;
    const begin = now();
    const size = this.#horizon * this.#actionDim;
    const noise = this.#proposalNoise.subarray(0, proposed * size);
    this.#distribution.fillProposalNoise(problem, noise, proposed);
    const { propose } = problem;
    const sequences = await attempt("asking for proposals", async () => {
      const given = await propose(noise, proposed);
      if (given.length < proposed * size) {
        throw new RangeError(`propose gave ${given.length} values for ${proposed} candidates of ${size}`);
      }
      return given;
    });
    for (let p = 0; p < proposed; p++) {
      const sequence = sequences.subarray(p * size, (p + 1) * size);
      if (!sequence.every(Number.isFinite)) continue;
      const row = count - 1 - p;
      this.#population.actions.set(sequence, row * size);
      this.#distribution.admitAll(problem, this.#population.actions, row);
    }
    const ms = now() - begin;
    this.#proposing.observe(proposed, ms);
    return ms;
  }

  /** Copies what `score` returned of rows from `from` on (its arrays may be reused), judges it and remembers the best candidate. */
  #takeScores(problem: PlanProblem, { stepEnergies, states }: ScoredPopulation, from: number, count: number): void {
    const population = this.#population;
    const size = this.#horizon * this.#actionDim;
    const ours = population.stepEnergies.subarray(from * this.#horizon, (from + count) * this.#horizon);
    const energies = population.energies.subarray(from, from + count);
    for (let i = 0; i < ours.length; i++) {
      ours[i] = stepEnergies[i]!;
    }
    const rollouts = {
      count, horizon: this.#horizon, actionDim: this.#actionDim, from: this.#distribution.firstFree(problem), to: this.#goalEnergy.countedSteps,
      actions: population.actions.subarray(from * size, (from + count) * size), stepEnergies: ours, ...(states === undefined ? {} : { states }),
    };
    this.#goalEnergy.score(rollouts, energies);
    problem.costs?.add(rollouts, energies);
    problem.onJudged?.(rollouts, energies);
    let better = -1;
    for (let c = 0; c < count; c++) {
      if (energies[c]! < this.#best.energies[0]!) {
        this.#best.copy(0, population, from + c);
        better = c;
      }
    }
    if (better >= 0) problem.costs?.best(better);
  }

  /** Puts the best of the last elites behind the `count` new candidates; returns how many there are now. */
  #keepElites(count: number): number {
    const kept = Math.min(this.#keptCount, this.#eliteCount);
    for (let e = 0; e < kept; e++) {
      this.#population.copy(count + e, this.#elites, e);
    }
    return count + kept;
  }

  /** Chooses the elites of the first `total` rows, moves the distribution to them, and sets them aside. */
  #refit(problem: PlanProblem, total: number): void {
    const { elites, momentum, refit = { kind: "elites" } } = this.#options;
    const population = this.#population;
    // Of a population that was cut, half at most: all of it would be no choice.
    const rows = this.#eliteRows.subarray(0, Math.min(elites, Math.max(2, Math.floor(total / 2))));
    const found = selectElites(population.energies, total, rows);
    if (found < 2) {
      // One sequence has no deviation; the distribution stays as it is and the next iteration tries again.
      return;
    }
    if (refit.kind === "softmax") softmaxWeights(population.energies, rows, found, refit.temperature, this.#eliteWeights);
    this.#distribution.refit(problem, population, rows, found, {
      weights: this.#eliteWeights, momentum, width: refit.kind === "softmax" ? refit.width : "refitted",
    });
    for (let e = 0; e < found; e++) {
      this.#elites.copy(e, population, rows[e]!);
    }
    this.#eliteCount = found;
  }

  #elitesAgree(): boolean {
    const { agreement = 0, elites } = this.#options;
    if (agreement === 0 || this.#eliteCount < elites) return false;
    const best = this.#elites.energies[0]!;
    return this.#elites.energies[elites - 1]! - best < agreement * Math.abs(best);
  }

  #answer({ iterations, scored, ended }: Progress): Plan {
    return {
      actions: this.#best.actions.slice(),
      stepEnergies: this.#best.stepEnergies.slice(),
      energy: this.#best.energies[0]!,
      iterations,
      candidates: scored,
      ended,
    };
  }

  #refuseWhilePlanning(verb: string): void {
    if (this.#planning) {
      throw new Error(`${verb}() while a plan is running: await it first`);
    }
  }
}

/** What the problem's functions threw, and what they were doing. */
class Failure extends Error {}

async function attempt<T>(doing: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Failure(doing, { cause });
  }
}

/** Of the elites in `rows`, best first: 1 for the best, e^(-1/temperature) for the worst. */
function softmaxWeights(energies: Float64Array, rows: Int32Array, found: number, temperature: number, out: Float64Array): void {
  const best = energies[rows[0]!]!;
  const range = energies[rows[found - 1]!]! - best;
  for (let e = 0; e < found; e++) {
    out[e] = range > 0 ? Math.exp((best - energies[rows[e]!]!) / (temperature * range)) : 1;
  }
}
