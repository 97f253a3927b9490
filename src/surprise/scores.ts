import { armDifference, predictionDifference, unusualness } from "./differences.js";
import type { SurpriseObservation } from "./observation.js";
import type { Detector, SurpriseReference } from "./reference.js";

/** Score of each detector; absent where it is not watched or nothing is known. */
export type SurpriseScores = { readonly [D in Detector]?: number };

/**
 * Scores one picture.
 * @param lowestEnergy of the pictures before, on the way to the same goal; undefined for the first.
 */
export function surpriseScores(
  reference: { readonly [D in Detector]?: Omit<NonNullable<SurpriseReference[D]>, "threshold" | "frames"> },
  observation: SurpriseObservation, lowestEnergy: number | undefined,
): SurpriseScores {
  const { prediction, arm, picture, energy } = reference;
  const difference = prediction === undefined ? undefined : predictionDifference(observation);
  return {
    ...(prediction === undefined || difference === undefined ? {} : { prediction: unusualness(difference, prediction) }),
    ...(arm === undefined ? {} : { arm: unusualness(armDifference(observation, arm.entries), arm) }),
    ...(picture === undefined || observation.unlikeness === undefined ? {} : { picture: observation.unlikeness }),
    ...(energy === undefined || observation.energy === undefined ? {} : { energy: Math.max(0, observation.energy - (lowestEnergy ?? Infinity)) }),
  };
}
