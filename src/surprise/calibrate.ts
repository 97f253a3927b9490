import { conformalThreshold, leastRuns } from "./conformal.js";
import { armDifference, predictionDifference } from "./differences.js";
import type { SurpriseObservation } from "./observation.js";
import { persistentMaximum } from "./persistence.js";
import { type ArmEntry, type Detector, DETECTORS, type Limit, type SurpriseReference, type Usual } from "./reference.js";
import { surpriseScores } from "./scores.js";

/** One run that went well. */
export interface CalibrationRun {
  /** Unlikeness of each goal picture, where it is known. */
  readonly goals: readonly number[];
  /** Of each planned picture, in order. */
  readonly observations: readonly SurpriseObservation[];
  /** Indices of observations at which another sub-goal's turn began: energies before do not count. */
  readonly starts?: readonly number[];
}

export interface CalibrationOptions {
  /** False alarms a run, at most; shared alike by the detectors and the goal's picture. */
  readonly alpha: number;
  /** Share of the runs, the first ones, that say what is usual of each entry; the others set the thresholds. Default 0.25. */
  readonly fitShare?: number;
  /** What of the latent can be held against proprioception; empty: nothing. */
  readonly armEntries: readonly ArmEntry[];
  readonly frames?: Readonly<Partial<Record<Detector, number>>>;
}

export interface Calibration {
  readonly reference: SurpriseReference;
  readonly fitRuns: number;
  readonly thresholdRuns: number;
}

/** A surprise shows in the one prediction that it falls between; what cannot be trusted stays so; an energy goes up and down. */
export const DEFAULT_FRAMES: Readonly<Record<Detector, number>> = { prediction: 1, arm: 2, picture: 2, energy: 5 };

/** Spreads smaller than this share of the widest are taken for it: an entry that never varied must not decide alone. */
const LEAST_SPREAD = 0.01;

/**
 * Finds what is normal from runs that went well: split conformal prediction over the greatest score that each run keeps up. By the union
 * bound over the detectors a normal run has any alarm with a probability of at most `alpha`.
 *
 * @throws RangeError when the runs are too few, or alpha or fitShare are none.
 */
export function calibrateSurprise(runs: readonly CalibrationRun[], { alpha, fitShare = 0.25, armEntries, frames }: CalibrationOptions): Calibration {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha is ${alpha}: must be between 0 and 1`);
  if (!(fitShare > 0 && fitShare < 1)) throw new RangeError(`fitShare is ${fitShare}: must be between 0 and 1`);
  const fitRuns = Math.max(1, Math.floor(fitShare * runs.length));
  const fitted = runs.slice(0, fitRuns).flatMap((run) => run.observations);
  const rest = runs.slice(fitRuns);

  const predictions = fitted.flatMap((observation) => { const d = predictionDifference(observation); return d === undefined ? [] : [d]; });
  const hasPictures = runs.some(({ observations }) => observations.some(({ unlikeness }) => unlikeness !== undefined));
  const hasEnergies = runs.some(({ observations }) => observations.some(({ energy }) => energy !== undefined));
  const hasGoals = runs.some(({ goals }) => goals.length > 0);
  const usual = {
    ...(predictions.length < 2 ? {} : { prediction: usualOf(predictions) }),
    ...(armEntries.length === 0 || fitted.length < 2 ? {} : { arm: { ...usualOf(fitted.map((observation) => armDifference(observation, armEntries))), entries: armEntries } }),
    ...(hasPictures ? { picture: {} } : {}),
    ...(hasEnergies ? { energy: {} } : {}),
  };
  const watched = DETECTORS.filter((detector) => usual[detector] !== undefined);
  const share = alpha / Math.max(1, watched.length + (hasGoals ? 1 : 0));
  if (rest.length < leastRuns(share)) {
    const needed = Math.ceil(leastRuns(share) / (1 - fitShare));
    throw new RangeError(`${runs.length} successful runs are too few for a false-alarm rate of ${alpha}: about ${needed} are needed, or a higher rate`);
  }

  const scored = rest.map((run) => scoresOf(run, usual));
  const limitOf = (detector: Detector): Limit | undefined => {
    const inARow = frames?.[detector] ?? DEFAULT_FRAMES[detector];
    const threshold = conformalThreshold(scored.map((scores) => persistentMaximum(scores.map((score) => score[detector]), inARow)), share);
    // Nothing was ever above nothing: these runs do not say what is too much.
    return threshold > 0 ? { threshold, frames: inARow } : undefined;
  };
  const [prediction, arm, picture, energy] = DETECTORS.map((detector) => (usual[detector] === undefined ? undefined : limitOf(detector)));
  const reference: SurpriseReference = {
    ...(usual.prediction === undefined || prediction === undefined ? {} : { prediction: { ...usual.prediction, ...prediction } }),
    ...(usual.arm === undefined || arm === undefined ? {} : { arm: { ...usual.arm, ...arm } }),
    ...(picture === undefined ? {} : { picture }),
    ...(energy === undefined ? {} : { energy }),
    ...(hasGoals ? { goal: { threshold: conformalThreshold(rest.map(({ goals }) => Math.max(0, ...goals)), share) } } : {}),
  };
  return { reference, fitRuns, thresholdRuns: rest.length };
}

function scoresOf(run: CalibrationRun, usual: Parameters<typeof surpriseScores>[0]): ReturnType<typeof surpriseScores>[] {
  const starts = new Set(run.starts);
  let lowest: number | undefined;
  return run.observations.map((observation, i) => {
    if (starts.has(i)) lowest = undefined;
    const scores = surpriseScores(usual, observation, lowest);
    if (observation.energy !== undefined) lowest = Math.min(lowest ?? Infinity, observation.energy);
    return scores;
  });
}

/** Mean and standard deviation of each entry. @param rows at least two. */
function usualOf(rows: readonly (readonly number[])[]): Usual {
  const mean = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const std = mean.map((centre, i) => Math.sqrt(rows.reduce((sum, row) => sum + (row[i]! - centre) ** 2, 0) / (rows.length - 1)));
  const least = Math.max(LEAST_SPREAD * Math.max(...std), Number.EPSILON);
  return { mean, std: std.map((spread) => Math.max(spread, least)) };
}
