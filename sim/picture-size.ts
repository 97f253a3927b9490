/** Sides that the simulated camera's pictures may have, pixels. */
export const LEAST_SIDE = 64;
export const MOST_SIDE = 256;

/** The side of the camera's pictures for a model that takes them so large: as near as the camera comes, the rest is scaled. */
export function cameraSide(modelSide: number): number {
  return Math.min(MOST_SIDE, Math.max(LEAST_SIDE, modelSide));
}
