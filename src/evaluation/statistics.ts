/**
 * Wilson's score interval of a success rate (Wilson 1927): unlike the normal approximation it is right near 0 and 1.
 *
 * @param z normal quantile; 1.96 is a 95 % interval. @returns lower and upper end, 0..1; [0, 1] without trials.
 */
export function wilsonInterval(successes: number, trials: number, z = 1.959964): readonly [low: number, high: number] {
  if (trials === 0) return [0, 1];
  const rate = successes / trials;
  const spread = (z * z) / trials;
  const centre = (rate + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((rate * (1 - rate)) / trials + spread / (4 * trials));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Quantile by linear interpolation between the sorted values; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
