/** Root mean square of whitened features: the Mahalanobis distance to the training's pictures, 1 for a usual one. */
export function unlikeness(features: Float32Array): number {
  return Math.sqrt(features.reduce((sum, value) => sum + value * value, 0) / features.length);
}
