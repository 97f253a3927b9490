/**
 * How the energies of a sequence's steps become the one number that is minimised.
 *
 * - `every_step`: all alike; being near early and staying near counts.
 * - `final`: the last step only (V-JEPA 2-AC, DINO-WM); the way there is free.
 * - `geometric`: step h weighs growth^h; growth above 1 leans to the end, below 1 to the start.
 * - `weights`: one weight a step, given.
 */
export type Objective =
  | { readonly kind: "every_step" }
  | { readonly kind: "final" }
  | { readonly kind: "geometric"; readonly growth: number }
  | { readonly kind: "weights"; readonly weights: readonly number[] };

/**
 * The weights of an objective over `horizon` steps, [horizon]. They sum to 1, so that the objective has the unit of a step energy
 * and can be held against the energy of the start.
 *
 * @throws RangeError when a weight is negative or not finite, all are 0, or there is not one for each step.
 */
export function stepWeights(objective: Objective, horizon: number): Float64Array {
  const weights = new Float64Array(horizon);
  switch (objective.kind) {
    case "every_step":
      weights.fill(1);
      break;
    case "final":
      weights[horizon - 1] = 1;
      break;
    case "geometric":
      for (let h = 0; h < horizon; h++) {
        weights[h] = Math.pow(objective.growth, h);
      }
      break;
    case "weights":
      if (objective.weights.length !== horizon) {
        throw new RangeError(`objective has ${objective.weights.length} weights for ${horizon} steps`);
      }
      weights.set(objective.weights);
      break;
    default:
      objective satisfies never;
  }
  let sum = 0;
  for (let h = 0; h < horizon; h++) {
    const weight = weights[h]!;
    if (!(weight >= 0 && Number.isFinite(weight))) {
      throw new RangeError(`objective weight of step ${h} is ${weight}, not a number of at least 0`);
    }
    sum += weight;
  }
  if (!(sum > 0)) {
    throw new RangeError("objective weights are all 0");
  }
  for (let h = 0; h < horizon; h++) {
    weights[h]! /= sum;
  }
  return weights;
}

/**
 * The objective of one candidate: its step energies `stepEnergies[offset .. offset + weights.length)`, weighted and summed.
 *
 * @returns +Infinity when any step energy is not finite, weighted or not: a roll-out that broke down is not to be trusted
 *   for the steps before either.
 */
export function weightedEnergy(stepEnergies: Float32Array, offset: number, weights: Float64Array): number {
  let sum = 0;
  for (let h = 0; h < weights.length; h++) {
    const energy = stepEnergies[offset + h]!;
    if (!Number.isFinite(energy)) {
      return Infinity;
    }
    sum += weights[h]! * energy;
  }
  return sum;
}
