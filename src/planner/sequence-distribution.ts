import { ColouredNoise } from "./coloured-noise.js";
import type { Population } from "./population.js";
import { shiftSequences } from "./population.js";
import type { Random } from "./random.js";
import { SwitchDistribution } from "./switch-distribution.js";
import type { PlanProblem } from "./types.js";

export interface SequenceDistributionOptions {
  /** As fractions of the half width of the box, see `CrossEntropyOptions`. */
  readonly initialStd: number | readonly number[];
  readonly minStd: number;
  readonly noiseExponent: number;
  readonly heldDims: readonly number[];
  readonly switchedDims: readonly number[];
}

/** How strongly each elite counts, best first; above 0, in any unit. `width`: whether the deviation follows the elites too. */
export interface RefitRule {
  readonly weights: Float64Array;
  readonly momentum: number;
  readonly width: "refitted" | "kept";
}

/**
 * What a search draws its sequences from: a normal distribution per step and dimension, with coloured noise along the horizon, and one over switches for
 * dimensions that are switched. Knows which sequences a problem allows.
 */
export class SequenceDistribution {
  readonly #options: SequenceDistributionOptions;
  readonly #random: Random;
  #horizon = 0;
  #actionDim = 0;
  /** [horizon, actionDim] each. */
  #mean = new Float64Array(0);
  #std = new Float64Array(0);
  #minStd = new Float64Array(0);
  /** By number of free steps. */
  #noises: (ColouredNoise | undefined)[] = [];
  #noise = new Float64Array(0);
  /** Of each switched dimension. */
  #switches: SwitchDistribution[] = [];

  constructor(options: SequenceDistributionOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** [horizon, actionDim] */
  get mean(): Float64Array {
    return this.#mean;
  }

  get hasSwitches(): boolean {
    return this.#switches.length > 0;
  }

  /**
   * Takes the memory for a shape.
   * @throws RangeError when the options have not the shape's number of dimensions.
   */
  fit(horizon: number, actionDim: number): void {
    const { initialStd, heldDims, switchedDims } = this.#options;
    if (typeof initialStd !== "number" && initialStd.length !== actionDim) {
      throw new RangeError(`initialStd has ${initialStd.length} values for ${actionDim} action dimensions`);
    }
    for (const [name, dims] of [["heldDims", heldDims], ["switchedDims", switchedDims]] as const) {
      const beyond = dims.find((dim) => dim >= actionDim);
      if (beyond !== undefined) {
        throw new RangeError(`${name} has ${beyond}, the actions have only ${actionDim} dimensions`);
      }
    }
    this.#horizon = horizon;
    this.#actionDim = actionDim;
    this.#mean = new Float64Array(horizon * actionDim);
    this.#std = new Float64Array(horizon * actionDim);
    this.#minStd = new Float64Array(horizon * actionDim);
    this.#noises = [];
    this.#noise = new Float64Array(horizon);
    this.#switches = switchedDims.map(() => new SwitchDistribution(horizon));
  }

  /** Of what the next `start` does not set anew. */
  forget(): void {
    for (const distribution of this.#switches) distribution.forget();
  }

  /** Mean and width at the start of a plan; a warm mean is brought into this problem's box, a cold one is the middle of the box. */
  start(problem: PlanProblem, warm: boolean): void {
    const { bounds, explorationScale = 1 } = problem;
    const { initialStd, minStd } = this.#options;
    const free = this.firstFree(problem);
    for (let h = 0; h < this.#horizon; h++) {
      for (let a = 0; a < this.#actionDim; a++) {
        const i = h * this.#actionDim + a;
        const halfWidth = (bounds.high[a]! - bounds.low[a]!) / 2;
        const fraction = typeof initialStd === "number" ? initialStd : initialStd[a]!;
        if (!warm) this.#mean[i] = bounds.low[a]! + halfWidth;
        this.#minStd[i] = h < free ? 0 : minStd * explorationScale * halfWidth;
        this.#std[i] = h < free ? 0 : Math.max(fraction * explorationScale * halfWidth, this.#minStd[i]);
      }
    }
    this.admit(problem, this.#mean, 0);
    this.#noises[this.#horizon - free] ??= new ColouredNoise(this.#horizon - free, this.#options.noiseExponent);
  }

  /** Moves mean and switches `steps` actions into the future. */
  shift(steps: number): void {
    shiftSequences(this.#mean, this.#horizon > 0 ? 1 : 0, this.#horizon, this.#actionDim, steps);
    for (const distribution of this.#switches) distribution.shift(Math.min(steps, this.#horizon));
  }

  firstFree({ committed }: PlanProblem): number {
    return committed === undefined ? 0 : committed.length / this.#actionDim;
  }

  /** Makes a sequence one that this problem allows, but for switches: the committed actions first, the rest in the box, held dimensions constant. */
  admit(problem: PlanProblem, sequences: Float32Array | Float64Array, row: number): void {
    const { bounds, committed } = problem;
    const start = row * this.#horizon * this.#actionDim;
    const last = start + (this.#horizon - 1) * this.#actionDim;
    const free = start + this.firstFree(problem) * this.#actionDim;
    for (let i = start; i < free; i++) {
      sequences[i] = committed![i - start]!;
    }
    for (const dim of this.#options.heldDims) {
      for (let i = free + dim; i < last; i += this.#actionDim) {
        sequences[i] = sequences[last + dim]!;
      }
    }
    for (let i = free; i < last + this.#actionDim; i++) {
      const a = (i - start) % this.#actionDim;
      sequences[i] = clamp(sequences[i]!, bounds.low[a]!, bounds.high[a]!);
    }
  }

  /** As `admit`, and with the switch nearest to what the switched dimensions do. */
  admitAll(problem: PlanProblem, actions: Float32Array, row: number): void {
    this.admit(problem, actions, row);
    const free = this.firstFree(problem);
    this.#switches.forEach((distribution, i) => {
      this.#writeSwitch(problem, actions, row, i, distribution.nearest(free, (h) => this.#isHigh(problem, actions, row, i, h)));
    });
  }

  /** Writes the mean, with the likeliest switches, into a row. */
  writeMean(problem: PlanProblem, actions: Float32Array, row: number): void {
    actions.set(this.#mean, row * this.#horizon * this.#actionDim);
    this.#switches.forEach((distribution, i) => {
      this.#writeSwitch(problem, actions, row, i, distribution.mode());
    });
  }

  /** Draws the actions of a row from step `fromStep` on; committed ones are copied. */
  drawInto(problem: PlanProblem, actions: Float32Array, row: number, fromStep: number): void {
    const { bounds } = problem;
    const actionDim = this.#actionDim;
    const start = row * this.#horizon * actionDim;
    const noise = this.#noise;
    const free = this.firstFree(problem);
    for (let i = 0; i < free * actionDim; i++) {
      actions[start + i] = this.#mean[i]!;
    }
    if (fromStep === 0) {
      this.#switches.forEach((distribution, i) => {
        this.#writeSwitch(problem, actions, row, i, distribution.draw(this.#random));
      });
    }
    for (let a = 0; a < actionDim; a++) {
      // The end of a shifted elite goes on as it was.
      if (this.#options.switchedDims.includes(a)) continue;
      this.#fillNoise(free, a);
      for (let h = Math.max(free, fromStep); h < this.#horizon; h++) {
        const i = h * actionDim + a;
        actions[start + i] = clamp(this.#mean[i]! + this.#std[i]! * noise[h - free]!, bounds.low[a]!, bounds.high[a]!);
      }
    }
  }

  /**
   * Draws a pair of sequences that lie opposite each other round a sequence, `scale` deviations off it, into `row` and the one after it. Switches stay.
   * @param centre [horizon, actionDim], one that the problem allows.
   */
  drawPairInto(problem: PlanProblem, actions: Float32Array, row: number, centre: Float32Array, scale: number): void {
    const { bounds } = problem;
    const actionDim = this.#actionDim;
    const size = this.#horizon * actionDim;
    const noise = this.#noise;
    const free = this.firstFree(problem);
    actions.set(centre, row * size);
    actions.set(centre, (row + 1) * size);
    for (let a = 0; a < actionDim; a++) {
      if (this.#options.switchedDims.includes(a)) continue;
      this.#fillNoise(free, a);
      for (let h = free; h < this.#horizon; h++) {
        const i = h * actionDim + a;
        const offset = scale * this.#std[i]! * noise[h - free]!;
        actions[row * size + i] = clamp(centre[i]! + offset, bounds.low[a]!, bounds.high[a]!);
        actions[(row + 1) * size + i] = clamp(centre[i]! - offset, bounds.low[a]!, bounds.high[a]!);
      }
    }
  }

  /** Moves each switch of a row by `steps` steps, where it then still lies in the free part of the horizon. */
  moveSwitches(problem: PlanProblem, actions: Float32Array, row: number, steps: number): void {
    const free = this.firstFree(problem);
    this.#switches.forEach((distribution, i) => {
      const sequence = distribution.nearest(free, (h) => this.#isHigh(problem, actions, row, i, h));
      this.#writeSwitch(problem, actions, row, i, distribution.moved(sequence, steps, free));
    });
  }

  /** Standard normals as coloured as the samples', [count, horizon, actionDim]: 0 in the first row and in the committed steps. */
  fillProposalNoise(problem: PlanProblem, noise: Float32Array, count: number): void {
    const free = this.firstFree(problem);
    const actionDim = this.#actionDim;
    const size = this.#horizon * actionDim;
    noise.fill(0);
    for (let row = 1; row < count; row++) {
      for (let a = 0; a < actionDim; a++) {
        this.#noises[this.#horizon - free]!.fill(this.#noise, this.#random);
        for (let h = free; h < this.#horizon; h++) noise[row * size + h * actionDim + a] = this.#noise[h - free]!;
      }
    }
  }

  /** Moves mean and deviation to those of the elites, which are rows of a population, best first. */
  refit(problem: PlanProblem, { actions }: Population, rows: Int32Array, found: number, { weights, momentum, width }: RefitRule): void {
    const size = this.#horizon * this.#actionDim;
    const free = this.firstFree(problem);
    let total = 0;
    for (let e = 0; e < found; e++) total += weights[e]!;
    for (let i = free * this.#actionDim; i < size; i++) {
      let sum = 0;
      for (let e = 0; e < found; e++) {
        sum += weights[e]! * actions[rows[e]! * size + i]!;
      }
      const mean = sum / total;
      this.#mean[i] = momentum * this.#mean[i]! + (1 - momentum) * mean;
      if (width === "kept") continue;
      let squares = 0;
      for (let e = 0; e < found; e++) {
        const offset = actions[rows[e]! * size + i]! - mean;
        squares += weights[e]! * offset * offset;
      }
      const std = Math.sqrt(squares / total);
      this.#std[i] = Math.max(momentum * this.#std[i]! + (1 - momentum) * std, this.#minStd[i]!);
    }
    this.#switches.forEach((distribution, i) => {
      distribution.refit(found, free, (e, h) => this.#isHigh(problem, actions, rows[e]!, i, h), (e) => weights[e]!);
    });
  }

  /** Of one dimension; held ones have one value for all steps. */
  #fillNoise(free: number, a: number): void {
    if (this.#options.heldDims.includes(a)) this.#noise.fill(this.#random.gaussian());
    else this.#noises[this.#horizon - free]!.fill(this.#noise, this.#random);
  }

  /** Whether the i-th switched dimension of a row is nearer to its high bound at a step. */
  #isHigh({ bounds }: PlanProblem, actions: Float32Array, row: number, i: number, step: number): boolean {
    const dim = this.#options.switchedDims[i]!;
    return actions[(row * this.#horizon + step) * this.#actionDim + dim]! > (bounds.low[dim]! + bounds.high[dim]!) / 2;
  }

  /** Writes a sequence of the i-th switched dimension into the free steps of a row. */
  #writeSwitch(problem: PlanProblem, actions: Float32Array, row: number, i: number, sequence: number): void {
    const { low, high } = problem.bounds;
    const dim = this.#options.switchedDims[i]!;
    const distribution = this.#switches[i]!;
    for (let h = this.firstFree(problem); h < this.#horizon; h++) {
      actions[(row * this.#horizon + h) * this.#actionDim + dim] = distribution.isHigh(sequence, h) ? high[dim]! : low[dim]!;
    }
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
