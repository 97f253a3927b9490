/**
 * Threshold of split conformal prediction (Vovk, Gammerman and Shafer 2005; for the runs of a robot Xu et al. 2025, FAIL-Detect): a new
 * run, exchangeable with those that the scores are of, has a greater score with a probability of at most `alpha`.
 *
 * @param scores one for each run, in any order. @param alpha in (0, 1).
 * @returns the ceil((n + 1)(1 - alpha))-th smallest score.
 * @throws RangeError when `alpha` is none, a score is not a number, or the runs are too few for it.
 */
export function conformalThreshold(scores: readonly number[], alpha: number): number {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha is ${alpha}: must be between 0 and 1`);
  const bad = scores.findIndex((score) => Number.isNaN(score));
  if (bad >= 0) throw new RangeError(`the score of run ${bad} is not a number`);
  const rank = conformalRank(scores.length, alpha);
  if (rank > scores.length) {
    throw new RangeError(`${scores.length} runs are too few for a false-alarm rate of ${alpha}: at least ${leastRuns(alpha)} are needed`);
  }
  return Float64Array.from(scores).sort()[rank - 1]!;
}

/** Runs that a threshold at `alpha` takes. */
export function leastRuns(alpha: number): number {
  let runs = Math.max(1, Math.floor(1 / alpha) - 2);
  while (conformalRank(runs, alpha) > runs) runs++;
  return runs;
}

/** Rounding must not raise a rank that is a whole number: 20 x 0.95 is 19. */
function conformalRank(runs: number, alpha: number): number {
  return Math.ceil((runs + 1) * (1 - alpha) - 1e-9);
}
