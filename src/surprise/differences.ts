import type { SurpriseObservation } from "./observation.js";
import type { ArmEntry, Usual } from "./reference.js";

/** What the picture is less what it should have been, [latentDim]; undefined where nothing was predicted. */
export function predictionDifference({ latent, predicted }: SurpriseObservation): number[] | undefined {
  return predicted === undefined ? undefined : Array.from(latent, (value, i) => value - predicted[i]!);
}

/** What the picture says of the arm less what proprioception says, in the state's units. */
export function armDifference({ latent, state }: SurpriseObservation, entries: readonly ArmEntry[]): number[] {
  return entries.map((entry) => entry.mean + entry.std * latent[entry.latent]! - state[entry.state]!);
}

/** Root mean square of a difference in standard deviations of what is usual. */
export function unusualness(difference: readonly number[], { mean, std }: Usual): number {
  return Math.sqrt(difference.reduce((sum, value, i) => sum + ((value - mean[i]!) / std[i]!) ** 2, 0) / difference.length);
}
