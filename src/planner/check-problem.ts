import type { PlanProblem } from "./types.js";

/**
 * Refuses a problem that has no meaning, before anything of the planner is touched.
 * @throws RangeError naming the field and its value.
 */
export function checkProblem(problem: PlanProblem): void {
  const { horizon, bounds, committed, remembered, explorationScale: scale = 1 } = problem;
  if (!Number.isInteger(horizon) || horizon < 1) {
    throw new RangeError(`horizon is ${horizon}: must be a positive whole number`);
  }
  const dims = bounds.low.length;
  if (dims < 1 || bounds.high.length !== dims) {
    throw new RangeError(`bounds have ${dims} low and ${bounds.high.length} high values: must be one each per action dimension`);
  }
  for (let a = 0; a < dims; a++) {
    const low = bounds.low[a]!;
    const high = bounds.high[a]!;
    if (!(low <= high && Number.isFinite(low) && Number.isFinite(high))) {
      throw new RangeError(`bounds of action dimension ${a} are [${low}, ${high}]: must be finite, low not above high`);
    }
  }
  if (committed !== undefined) {
    if (committed.length % dims !== 0 || committed.length >= horizon * dims) {
      throw new RangeError(
        `committed has ${committed.length} values: must be whole actions of ${dims}, fewer than the horizon of ${horizon}`,
      );
    }
    for (let i = 0; i < committed.length; i++) {
      if (!Number.isFinite(committed[i])) {
        throw new RangeError(`committed[${i}] is ${committed[i]}: must be finite`);
      }
    }
  }
  if (remembered !== undefined && remembered.length % (horizon * dims) !== 0) {
    throw new RangeError(`remembered has ${remembered.length} values: must be whole sequences of ${horizon * dims}`);
  }
  if (!(scale > 0 && scale <= 1)) {
    throw new RangeError(`explorationScale is ${scale}: must be in (0, 1]`);
  }
}
