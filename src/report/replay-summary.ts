import { median } from "../evaluation/statistics.js";

import type { Episode } from "../memory/episode.js";
import type { Replay } from "./replay-episode.js";

/** Up to this distance of a latent, relative to its length, two runs of the same encoder are taken for the same: rounding of other processors and thread counts. */
const SAME_WITHIN = 1e-4;

/** A replay in numbers; what nothing is known of is NaN. */
export interface ReplaySummary {
  readonly steps: number;
  /** Largest distance of a latent from the recorded one, with the same encoder. */
  readonly latentDistance?: number;
  /** Whether that is rounding. */
  readonly sameLatents?: boolean;
  /** Largest difference of a picture's energy from the recorded one, with the same bundle. */
  readonly startEnergyDifference?: number;
  /** Medians over the steps. */
  readonly recordedEndEnergy: number;
  readonly endEnergy: number;
  /** Steps at whose plans' ends this bundle predicts less energy for the new plan than for the recorded one. */
  readonly better: number;
  /** Steps at which both could be compared. */
  readonly compared: number;
  /** Medians of the magnitudes of the difference of the first free action, in the units of the actions. */
  readonly actionDifference: readonly number[];
  readonly recordedPlanMs: number;
  readonly planMs: number;
}

export function summarizeReplay({ header, steps: recorded }: Episode, { steps, sameEncoder, sameRollout }: Replay): ReplaySummary {
  const compared = steps.filter(({ recordedEndEnergy, endEnergy }) => Number.isFinite(recordedEndEnergy) && Number.isFinite(endEnergy));
  const distances = steps.flatMap(({ latentDistance }) => latentDistance === undefined ? [] : [latentDistance]);
  const lengths = recorded.map(({ latent }) => Math.hypot(...latent));
  // A plan without one scored candidate has no energy of its picture.
  const starts = recorded.map(({ startEnergy }, i) => Math.abs(startEnergy - steps[i]!.startEnergy)).filter((difference) => Number.isFinite(difference));
  return {
    steps: steps.length,
    ...(sameEncoder && distances.length > 0 ? {
      latentDistance: Math.max(...distances), sameLatents: distances.every((distance, i) => distance <= SAME_WITHIN * Math.max(1, lengths[i]!)),
    } : {}),
    ...(sameEncoder && sameRollout && starts.length > 0 ? { startEnergyDifference: Math.max(...starts) } : {}),
    recordedEndEnergy: median(compared.map(({ recordedEndEnergy }) => recordedEndEnergy)),
    endEnergy: median(compared.map(({ endEnergy }) => endEnergy)),
    better: compared.filter(({ recordedEndEnergy, endEnergy }) => endEnergy < recordedEndEnergy).length,
    compared: compared.length,
    actionDifference: header.actionNames.map((_, a) => median(steps.flatMap(({ actionDifference }) => actionDifference === undefined ? [] : [Math.abs(actionDifference[a]!)]))),
    recordedPlanMs: median(recorded.map(({ planMs }) => planMs)),
    planMs: median(steps.map(({ planMs }) => planMs)),
  };
}
