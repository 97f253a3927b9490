const GOLDEN = (Math.sqrt(5) - 1) / 2;
const STEPS = 60;

/**
 * The largest scale in [0, highest] whose violation is within `tolerance`, or undefined when there is none.
 *
 * @param violation convex in the scale, so the feasible scales are one interval; it need not contain 0: joints in motion
 *   may be unable to stop as early as scale 0 asks.
 */
export function largestScale(violation: (scale: number) => number, highest: number, tolerance: number): number | undefined {
  const feasible = (scale: number): boolean => violation(scale) <= tolerance;
  if (feasible(highest)) return highest;
  const first = feasible(0) ? 0 : leastViolating(violation, highest, tolerance);
  if (first === undefined) return undefined;
  let good = first;
  let bad = highest;
  for (let step = 0; step < STEPS && bad - good > 1e-9 * highest; step++) {
    const middle = (good + bad) / 2;
    if (feasible(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** Golden-section search for the bottom of the convex function; ends at the first feasible scale. */
function leastViolating(violation: (scale: number) => number, highest: number, tolerance: number): number | undefined {
  let low = 0;
  let high = highest;
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let atLeft = violation(left);
  let atRight = violation(right);
  for (let step = 0; step < STEPS; step++) {
    if (atLeft <= tolerance) return left;
    if (atRight <= tolerance) return right;
    if (atLeft < atRight) {
      high = right;
      right = left;
      atRight = atLeft;
      left = high - GOLDEN * (high - low);
      atLeft = violation(left);
    } else {
      low = left;
      left = right;
      atLeft = atRight;
      right = low + GOLDEN * (high - low);
      atRight = violation(right);
    }
  }
  return undefined;
}
