/** A goal with its latent. */
export interface Placed {
  readonly name: string;
  /** [latentDim] */
  readonly latent: Float32Array;
}

export interface Neighbour {
  readonly name: string;
  /** Euclidean, in the latent space. */
  readonly distance: number;
}

/** Goals by their distance from a latent, the nearest first. @param from [latentDim] */
export function nearestGoals(from: Float32Array, goals: readonly Placed[]): Neighbour[] {
  return goals.map(({ name, latent }) => ({ name, distance: distance(from, latent) })).sort((a, b) => a.distance - b.distance);
}

/** Median distance between two goals of a library, what a distance can be held against; undefined for less than two. */
export function typicalDistance(goals: readonly Placed[]): number | undefined {
  const distances = goals.flatMap(({ latent }, i) => goals.slice(i + 1).map((other) => distance(latent, other.latent))).sort((a, b) => a - b);
  const { length } = distances;
  return length === 0 ? undefined : (distances[(length - 1) >> 1]! + distances[length >> 1]!) / 2;
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
