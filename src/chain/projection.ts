/** The space in which two frames are the same place or not: coordinates of a latent, in one unit. */
export type Projection = (latent: Float32Array) => Float64Array;

/** Euclidean distance of two points. */
export function euclidean(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
