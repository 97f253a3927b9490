import type { Objective } from "./objective.js";

/**
 * How the distribution follows the elites.
 *
 * - `elites`: to their mean and deviation, all alike (CEM).
 * - `softmax`: each counts exp(-(J - J_best) / (temperature · (J_worst elite - J_best))) (MPPI). The temperature is a share of the elites' range and not an
 *   energy, so that one value serves bundles whose energies have other units. `width`: whether the deviation follows too, or stays as it began.
 */
export type Refit =
  | { readonly kind: "elites" }
  | { readonly kind: "softmax"; readonly temperature: number; readonly width: "refitted" | "kept" };

/** A search round the best sequence after the last iteration. */
export interface Refinement {
  /** Most populations; 0: none. */
  readonly iterations: number;
  /** Sequences each, at least 4. Default 16. */
  readonly candidates?: number;
  /** Where it begins, in deviations that the search ended with; above 0. Default 0.35. */
  readonly scale?: number;
}

export const REFINEMENT_DEFAULTS = { candidates: 16, scale: 0.35 } as const;

/** Everything that can be set about a cross-entropy search. */
export interface CrossEntropyOptions {
  /** Sequences scored in the first iteration. */
  readonly candidates: number;
  /** Most iterations a plan; `Infinity` leaves it to the deadline (or to `patience`). */
  readonly iterations: number;
  /** Sequences the distribution is refitted to. */
  readonly elites: number;
  /** Share of the old mean and deviation that a refit keeps, in [0, 1). */
  readonly momentum: number;
  /** Initial standard deviation as a fraction of the box's half width: one for all action dimensions, or one each. */
  readonly initialStd: number | readonly number[];
  /** The deviation never falls below this fraction of the half width (scaled as the initial one is). */
  readonly minStd: number;
  /** Power law of the noise along the horizon, f^-noiseExponent; 0 is white. */
  readonly noiseExponent: number;
  /** Each iteration scores this factor fewer than the one before (never fewer than twice the elites), at least 1. */
  readonly populationDecay: number;
  /** Share of the elites that stay in the next iteration and, shifted, in the next plan, in [0, 1]. */
  readonly keptElites: number;
  /** Default: `elites`. */
  readonly refit?: Refit;
  /** Default: none. */
  readonly refinement?: Refinement;
  /**
   * The iterations end when the elites agree: when the energy of the worst is above that of the best by less than this share of it. 0, the default: never.
   * Then the refinement follows, if there is one.
   */
  readonly agreement?: number;
  /** Default: every step alike. */
  readonly objective?: Objective;
  /** Action dimensions that have one value over all free steps, such as a gripper that either opens or closes. */
  readonly heldDims?: readonly number[];
  /** Action dimensions that are at one of their bounds and change over at most once within the horizon, such as a gripper that opens or closes. */
  readonly switchedDims?: readonly number[];
  /** Share of the first iteration's candidates that are what the problem proposes, where it can, in [0, 0.5]. Default 0. */
  readonly proposals?: number;
  /** Ends the search after so many iterations in a row without gain; left out: never. */
  readonly patience?: number;
  /** A gain is a fall of the best energy by more than this fraction of it. Default 0.001. */
  readonly tolerance?: number;
  /** Seed until `reset` gives another. Default 0. */
  readonly seed?: number;
}

/**
 * Refuses what makes no sense, naming the option and its value.
 * @throws RangeError
 */
export function checkOptions(options: CrossEntropyOptions): void {
  const wholeFrom = (name: string, value: number, least: number): void => {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`${name} is ${value}: must be a whole number of at least ${least}`);
    }
  };
  const within = (name: string, value: number, holds: boolean, wanted: string): void => {
    if (!holds) {
      throw new RangeError(`${name} is ${value}: must be ${wanted}`);
    }
  };
  wholeFrom("elites", options.elites, 2);
  wholeFrom("candidates", options.candidates, 2 * options.elites);
  if (options.iterations !== Infinity) {
    wholeFrom("iterations", options.iterations, 1);
  }
  within("momentum", options.momentum, options.momentum >= 0 && options.momentum < 1, "in [0, 1)");
  within("minStd", options.minStd, options.minStd >= 0 && options.minStd <= 1, "in [0, 1]");
  within("keptElites", options.keptElites, options.keptElites >= 0 && options.keptElites <= 1, "in [0, 1]");
  within("populationDecay", options.populationDecay, options.populationDecay >= 1 && Number.isFinite(options.populationDecay), "at least 1");
  const stds = typeof options.initialStd === "number" ? [options.initialStd] : options.initialStd;
  for (const std of stds) {
    within("initialStd", std, std > 0 && Number.isFinite(std), "above 0");
  }
  for (const dim of options.heldDims ?? []) {
    wholeFrom("heldDims", dim, 0);
  }
  for (const dim of options.switchedDims ?? []) {
    wholeFrom("switchedDims", dim, 0);
    within("switchedDims", dim, !(options.heldDims ?? []).includes(dim), "no held dimension as well");
  }
  const proposals = options.proposals ?? 0;
  within("proposals", proposals, proposals >= 0 && proposals <= 0.5, "in [0, 0.5]");
  const agreement = options.agreement ?? 0;
  within("agreement", agreement, agreement >= 0 && agreement < 1, "in [0, 1)");
  if (options.refit?.kind === "softmax") {
    const { temperature } = options.refit;
    within("temperature", temperature, temperature > 0 && Number.isFinite(temperature), "above 0");
  }
  if (options.refinement !== undefined) {
    const { iterations, candidates, scale } = { ...REFINEMENT_DEFAULTS, ...options.refinement };
    wholeFrom("refinement.iterations", iterations, 0);
    wholeFrom("refinement.candidates", candidates, 4);
    within("refinement.scale", scale, scale > 0 && Number.isFinite(scale), "above 0");
  }
  if (options.patience !== undefined) {
    wholeFrom("patience", options.patience, 1);
  }
  const tolerance = options.tolerance ?? 0;
  within("tolerance", tolerance, tolerance >= 0 && tolerance < 1, "in [0, 1)");
}
