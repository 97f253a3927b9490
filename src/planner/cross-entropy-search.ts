import { checkProblem } from "./check-problem.js";
import { ColouredNoise } from "./coloured-noise.js";
import { checkOptions, type CrossEntropyOptions } from "./cross-entropy-options.js";
import { selectElites } from "./elites.js";
import { Population, shiftSequences } from "./population.js";
import { Random } from "./random.js";
import { SwitchDistribution } from "./switch-distribution.js";
import { ScoreFailed } from "./score-failed.js";
import { GoalEnergy } from "./terms/goal-energy.js";
import type { Plan, PlanBudget, Planner, PlanProblem, ScoredPopulation } from "./types.js";

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

/** Candidates of the first iteration that are not sampled: the mean and the last plan. */
const MEAN = 0;
const LAST_PLAN = 1;

/**
 * The search that CEM and iCEM are settings of; `index.ts` has the mathematics.
 *
 * All memory is taken when the shape of the problem first appears; the iterations allocate nothing but a view.
 */
export class CrossEntropySearch implements Planner {
  readonly #options: CrossEntropyOptions;
  readonly #heldDims: readonly number[];
  readonly #switchedDims: readonly number[];
  readonly #random: Random;
  readonly #eliteRows: Int32Array;
  readonly #keptCount: number;
  readonly #proposedCount: number;

  // Of the problem's shape, made by #fit.
  #horizon = 0;
  #actionDim = 0;
  readonly #goalEnergy: GoalEnergy;
  #population = new Population(0, 0, 0);
  /** The elites of the last refit, best first; `#eliteCount` of them hold. */
  #elites = new Population(0, 0, 0);
  #best = new Population(0, 0, 0);
  /** [horizon, actionDim] each. */
  #mean = new Float64Array(0);
  #std = new Float64Array(0);
  #minStd = new Float64Array(0);
  /** By number of free steps. */
  #noises: (ColouredNoise | undefined)[] = [];
  #noise = new Float64Array(0);
  /** Of the proposals, [proposedCount, horizon, actionDim]. */
  #proposalNoise = new Float32Array(0);
  /** Of each switched dimension. */
  #switches: SwitchDistribution[] = [];

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
    this.#heldDims = [...new Set(options.heldDims ?? [])];
    this.#switchedDims = [...new Set(options.switchedDims ?? [])];
    this.#random = new Random(options.seed ?? 0);
    this.#eliteRows = new Int32Array(options.elites);
    this.#keptCount = Math.floor(options.elites * options.keptElites);
    this.#proposedCount = Math.floor(options.candidates * (options.proposals ?? 0));
  }

  /** Where the time of the last plan went. */
  get timings(): PhaseTimings {
    return { sampleMs: this.#sampleMs, scoreMs: this.#scoreMs, selectMs: this.#selectMs };
  }

  /**
   * Searches until the iterations are through, the deadline would be missed, or nothing is gained any more.
   *
   * An iteration is begun only when, by the slowest so far, it will end before the deadline; the first one is begun when there is any
   * time at all. A running `score` is not interrupted. When nothing could be scored (no time, or no finite energy) the answer
   * is the warm start, or the middle of the box, with `energy` and `stepEnergies` +Infinity: check `energy` before executing it.
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
    shiftSequences(this.#mean, this.#horizon > 0 ? 1 : 0, this.#horizon, this.#actionDim, steps);
    shiftSequences(this.#best.actions, this.#best.capacity, this.#horizon, this.#actionDim, steps);
    shiftSequences(this.#elites.actions, this.#eliteCount, this.#horizon, this.#actionDim, steps);
    for (const distribution of this.#switches) {
      distribution.shift(Math.min(steps, this.#horizon));
    }
    this.#staleSteps = Math.min(this.#horizon, this.#staleSteps + steps);
  }

  reset(seed: number): void {
    this.#refuseWhilePlanning("reset");
    this.#random.reset(seed);
    this.#forget();
  }

  async #search(problem: PlanProblem, budget: PlanBudget): Promise<Plan> {
    const options = this.#options;
    const { now, deadlineMs } = budget;
    this.#sampleMs = this.#scoreMs = this.#selectMs = 0;
    this.#fit(problem);
    this.#start(problem);

    const population = this.#population;
    const best = this.#best;
    let iterations = 0;
    let scored = 0;
    let wanted = options.candidates;
    let slowestMsPerCandidate = 0;
    let iterationsWithoutGain = 0;
    let ended: Plan["ended"] = "iterations";

    while (iterations < options.iterations) {
      const begin = now();
      const late = iterations === 0 ? begin >= deadlineMs : begin + slowestMsPerCandidate * wanted > deadlineMs;
      if (late) {
        ended = "deadline";
        break;
      }

      this.#sample(problem, wanted, iterations === 0);
      const drawn = now();
      let sampled = drawn;
      let rolledOut: number;
      const before = best.energies[0]!;
      let doing = "asking for proposals";
      try {
        if (iterations === 0) {
          await this.#takeProposals(problem, wanted);
          sampled = now();
        }
        this.#sampleMs += sampled - begin;
        doing = "scoring the candidates";
        const answer = await problem.score(population.actions.subarray(0, wanted * this.#horizon * this.#actionDim), wanted);
        const scored = answer instanceof Float32Array ? { stepEnergies: answer } : answer;
        if (scored.stepEnergies.length < wanted * this.#horizon) {
          throw new RangeError(`score gave ${scored.stepEnergies.length} energies for ${wanted} candidates of ${this.#horizon} steps`);
        }
        rolledOut = now();
        doing = "judging the candidates";
        this.#takeScores(problem, scored, wanted);
      } catch (cause) {
        this.#hasWarmStart ||= Number.isFinite(best.energies[0]!);
        throw new ScoreFailed(Number.isFinite(best.energies[0]!) ? this.#answer(iterations, scored, ended) : undefined, cause, doing);
      }
      this.#scoreMs += rolledOut - sampled;

      // The elites of the iteration before keep the energies they have: the model would only repeat them.
      const total = iterations === 0 ? wanted : this.#keepElites(wanted);
      const found = selectElites(population.energies, total, this.#eliteRows);
      this.#refit(problem, found);
      iterations++;
      scored += wanted;

      const gained = best.energies[0]! < before - (options.tolerance ?? 0.001) * Math.abs(before) || !Number.isFinite(before);
      iterationsWithoutGain = gained ? 0 : iterationsWithoutGain + 1;
      const end = now();
      this.#selectMs += end - rolledOut;
      // Proposals are asked for once: how long they took says nothing about the iterations to come.
      slowestMsPerCandidate = Math.max(slowestMsPerCandidate, (end - begin - (sampled - drawn)) / wanted);
      wanted = Math.max(2 * options.elites, Math.floor(wanted / options.populationDecay));
      if (options.patience !== undefined && iterationsWithoutGain >= options.patience) {
        ended = "converged";
        break;
      }
    }

    this.#hasWarmStart ||= Number.isFinite(best.energies[0]!);
    return this.#answer(iterations, scored, ended);
  }

  /** Takes the memory for the problem's shape; another shape than the last one's has no warm start. */
  #fit(problem: PlanProblem): void {
    const actionDim = problem.bounds.low.length;
    const { horizon } = problem;
    if (horizon === this.#horizon && actionDim === this.#actionDim) {
      return;
    }
    const { candidates, elites, initialStd } = this.#options;
    if (typeof initialStd !== "number" && initialStd.length !== actionDim) {
      throw new RangeError(`initialStd has ${initialStd.length} values for ${actionDim} action dimensions`);
    }
    for (const [name, dims] of [["heldDims", this.#heldDims], ["switchedDims", this.#switchedDims]] as const) {
      const beyond = dims.find((dim) => dim >= actionDim);
      if (beyond !== undefined) {
        throw new RangeError(`${name} has ${beyond}, the actions have only ${actionDim} dimensions`);
      }
    }
    this.#goalEnergy.initialize({ horizon });
    this.#horizon = horizon;
    this.#actionDim = actionDim;
    this.#population = new Population(candidates + this.#keptCount, horizon, actionDim);
    this.#elites = new Population(elites, horizon, actionDim);
    this.#best = new Population(1, horizon, actionDim);
    this.#mean = new Float64Array(horizon * actionDim);
    this.#std = new Float64Array(horizon * actionDim);
    this.#minStd = new Float64Array(horizon * actionDim);
    this.#noises = [];
    this.#noise = new Float64Array(horizon);
    this.#proposalNoise = new Float32Array(this.#proposedCount * horizon * actionDim);
    this.#switches = this.#switchedDims.map(() => new SwitchDistribution(horizon));
    this.#forget();
  }

  #forget(): void {
    this.#hasWarmStart = false;
    this.#eliteCount = 0;
    this.#staleSteps = 0;
    for (const distribution of this.#switches) {
      distribution.forget();
    }
  }

  /** Mean and width at the start of a plan; what is warm is brought into this problem's box. */
  #start(problem: PlanProblem): void {
    const { bounds, explorationScale = 1 } = problem;
    const { initialStd, minStd } = this.#options;
    const free = this.#firstFree(problem);
    for (let h = 0; h < this.#horizon; h++) {
      for (let a = 0; a < this.#actionDim; a++) {
        const i = h * this.#actionDim + a;
        const halfWidth = (bounds.high[a]! - bounds.low[a]!) / 2;
        const fraction = typeof initialStd === "number" ? initialStd : initialStd[a]!;
        if (!this.#hasWarmStart) {
          this.#mean[i] = bounds.low[a]! + halfWidth;
        }
        this.#minStd[i] = h < free ? 0 : minStd * explorationScale * halfWidth;
        this.#std[i] = h < free ? 0 : Math.max(fraction * explorationScale * halfWidth, this.#minStd[i]);
      }
    }
    this.#admit(problem, this.#mean, 0);
    if (!this.#hasWarmStart) {
      this.#best.actions.set(this.#mean);
    }
    this.#admit(problem, this.#best.actions, 0);
    this.#best.energies[0] = Infinity;
    this.#best.stepEnergies.fill(Infinity);
    this.#noises[this.#horizon - free] ??= new ColouredNoise(this.#horizon - free, this.#options.noiseExponent);
  }

  /** Makes a sequence one that this problem allows: the committed actions first, the rest in the box, held dimensions constant. */
  #admit(problem: PlanProblem, sequences: Float32Array | Float64Array, row: number): void {
    const { bounds, committed } = problem;
    const start = row * this.#horizon * this.#actionDim;
    const last = start + (this.#horizon - 1) * this.#actionDim;
    const free = start + this.#firstFree(problem) * this.#actionDim;
    for (let i = start; i < free; i++) {
      sequences[i] = committed![i - start]!;
    }
    for (const dim of this.#heldDims) {
      for (let i = free + dim; i < last; i += this.#actionDim) {
        sequences[i] = sequences[last + dim]!;
      }
    }
    for (let i = free; i < last + this.#actionDim; i++) {
      const a = (i - start) % this.#actionDim;
      sequences[i] = clamp(sequences[i]!, bounds.low[a]!, bounds.high[a]!);
    }
  }

  #firstFree(problem: PlanProblem): number {
    return problem.committed === undefined ? 0 : problem.committed.length / this.#actionDim;
  }

  /** Fills the first `count` rows: the mean, in the first iteration what is left of the last plan, and samples. */
  #sample(problem: PlanProblem, count: number, first: boolean): void {
    const size = this.#horizon * this.#actionDim;
    const actions = this.#population.actions;
    for (let i = 0; i < size; i++) {
      actions[MEAN * size + i] = this.#mean[i]!;
    }
    this.#switches.forEach((distribution, i) => {
      this.#writeSwitches(problem, MEAN, i, distribution.mode());
    });
    let row = MEAN + 1;
    if (first && this.#hasWarmStart) {
      this.#population.copy(LAST_PLAN, this.#best, 0);
      row = LAST_PLAN + 1;
      // Shifted elites must leave room for samples: `candidates` is at least twice the elites.
      const reused = Math.min(this.#keptCount, this.#eliteCount);
      for (let e = 0; e < reused; e++, row++) {
        this.#population.copy(row, this.#elites, e);
        if (this.#staleSteps > 0) {
          this.#drawInto(problem, row, this.#horizon - this.#staleSteps);
        }
        this.#admit(problem, actions, row);
      }
    }
    for (; row < count; row++) {
      this.#drawInto(problem, row, 0);
    }
    if (first) {
      // Used up: their energies belong to the last plan's goal and must not be kept into this one's iterations.
      this.#eliteCount = 0;
      this.#staleSteps = 0;
    }
  }

  /**
   * Puts what the problem proposes in the place of the last samples; the first proposal is without noise. A proposal that is no number costs only
   * itself: its sample stays.
   */
  async #takeProposals(problem: PlanProblem, count: number): Promise<void> {
    const proposed = this.#proposedCount;
    if (problem.propose === undefined || proposed === 0) return;
    const size = this.#horizon * this.#actionDim;
    const free = this.#firstFree(problem);
    const noise = this.#proposalNoise;
    noise.fill(0);
    for (let row = 1; row < proposed; row++) {
      for (let a = 0; a < this.#actionDim; a++) {
        this.#noises[this.#horizon - free]!.fill(this.#noise, this.#random);
        for (let h = free; h < this.#horizon; h++) noise[row * size + h * this.#actionDim + a] = this.#noise[h - free]!;
      }
    }
    const sequences = await problem.propose(noise, proposed);
    if (sequences.length < proposed * size) {
      throw new RangeError(`propose gave ${sequences.length} values for ${proposed} candidates of ${size}`);
    }
    for (let p = 0; p < proposed; p++) {
      const sequence = sequences.subarray(p * size, (p + 1) * size);
      if (!sequence.every(Number.isFinite)) continue;
      const row = count - 1 - p;
      this.#population.actions.set(sequence, row * size);
      this.#admit(problem, this.#population.actions, row);
      this.#switches.forEach((distribution, i) => {
        this.#writeSwitches(problem, row, i, distribution.nearest(free, (h) => this.#isHigh(problem, row, i, h)));
      });
    }
  }

  /** Draws the actions of a row from step `fromStep` on; committed ones are copied. */
  #drawInto(problem: PlanProblem, row: number, fromStep: number): void {
    const { bounds } = problem;
    const actionDim = this.#actionDim;
    const start = row * this.#horizon * actionDim;
    const actions = this.#population.actions;
    const noise = this.#noise;
    const free = this.#firstFree(problem);
    const coloured = this.#noises[this.#horizon - free]!;
    for (let i = 0; i < free * actionDim; i++) {
      actions[start + i] = this.#mean[i]!;
    }
    if (fromStep === 0) {
      this.#switches.forEach((distribution, i) => {
        this.#writeSwitches(problem, row, i, distribution.draw(this.#random));
      });
    }
    for (let a = 0; a < actionDim; a++) {
      // The end of a shifted elite goes on as it was.
      if (this.#switchedDims.includes(a)) {
        continue;
      }
      if (this.#heldDims.includes(a)) {
        noise.fill(this.#random.gaussian());
      } else {
        coloured.fill(noise, this.#random);
      }
      for (let h = Math.max(free, fromStep); h < this.#horizon; h++) {
        const i = h * actionDim + a;
        actions[start + i] = clamp(this.#mean[i]! + this.#std[i]! * noise[h - free]!, bounds.low[a]!, bounds.high[a]!);
      }
    }
  }

  /** Whether the i-th switched dimension of a row is nearer to its high bound at a step. */
  #isHigh({ bounds }: PlanProblem, row: number, i: number, step: number): boolean {
    const dim = this.#switchedDims[i]!;
    return this.#population.actions[(row * this.#horizon + step) * this.#actionDim + dim]! > (bounds.low[dim]! + bounds.high[dim]!) / 2;
  }

  /** Writes a sequence of the i-th switched dimension into the free steps of a row. */
  #writeSwitches(problem: PlanProblem, row: number, i: number, sequence: number): void {
    const { low, high } = problem.bounds;
    const dim = this.#switchedDims[i]!;
    const distribution = this.#switches[i]!;
    for (let h = this.#firstFree(problem); h < this.#horizon; h++) {
      this.#population.actions[(row * this.#horizon + h) * this.#actionDim + dim] = distribution.isHigh(sequence, h) ? high[dim]! : low[dim]!;
    }
  }

  /** Copies what `score` returned (its arrays may be reused), judges it and remembers the best candidate. */
  #takeScores(problem: PlanProblem, { stepEnergies, states }: ScoredPopulation, count: number): void {
    const population = this.#population;
    const values = count * this.#horizon;
    for (let i = 0; i < values; i++) {
      population.stepEnergies[i] = stepEnergies[i]!;
    }
    const rollouts = {
      count, horizon: this.#horizon, actionDim: this.#actionDim, from: this.#firstFree(problem), to: this.#goalEnergy.countedSteps,
      actions: population.actions, stepEnergies: population.stepEnergies, ...(states === undefined ? {} : { states }),
    };
    this.#goalEnergy.score(rollouts, population.energies);
    problem.costs?.add(rollouts, population.energies);
    let better = -1;
    for (let c = 0; c < count; c++) {
      if (population.energies[c]! < this.#best.energies[0]!) {
        this.#best.copy(0, population, c);
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

  /** Moves mean and deviation to those of the elites, and sets the elites aside. */
  #refit(problem: PlanProblem, found: number): void {
    if (found < 2) {
      // One sequence has no deviation; the distribution stays as it is and the next iteration tries again.
      return;
    }
    const { momentum } = this.#options;
    const size = this.#horizon * this.#actionDim;
    const actions = this.#population.actions;
    const rows = this.#eliteRows;
    for (let i = this.#firstFree(problem) * this.#actionDim; i < size; i++) {
      let sum = 0;
      for (let e = 0; e < found; e++) {
        sum += actions[rows[e]! * size + i]!;
      }
      const mean = sum / found;
      let squares = 0;
      for (let e = 0; e < found; e++) {
        const offset = actions[rows[e]! * size + i]! - mean;
        squares += offset * offset;
      }
      const std = Math.sqrt(squares / found);
      this.#mean[i] = momentum * this.#mean[i]! + (1 - momentum) * mean;
      this.#std[i] = Math.max(momentum * this.#std[i]! + (1 - momentum) * std, this.#minStd[i]!);
    }
    this.#switches.forEach((distribution, i) => {
      distribution.refit(found, this.#firstFree(problem), (e, h) => this.#isHigh(problem, rows[e]!, i, h));
    });
    for (let e = 0; e < found; e++) {
      this.#elites.copy(e, this.#population, rows[e]!);
    }
    this.#eliteCount = found;
  }

  #answer(iterations: number, candidates: number, ended: Plan["ended"]): Plan {
    return {
      actions: this.#best.actions.slice(),
      stepEnergies: this.#best.stepEnergies.slice(),
      energy: this.#best.energies[0]!,
      iterations,
      candidates,
      ended,
    };
  }

  #refuseWhilePlanning(verb: string): void {
    if (this.#planning) {
      throw new Error(`${verb}() while a plan is running: await it first`);
    }
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
