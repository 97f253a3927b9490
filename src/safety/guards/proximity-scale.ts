import { RETREAT_SCALE } from "./assess-input.js";

/** Where a pair begins to matter and where it halts, m. */
export interface ProximityThresholds {
  readonly slowDownDistanceM: number;
  readonly haltDistanceM: number;
}

/** The exponential's fall from the slow-down distance to the halt distance, as in MoveIt Servo. */
const FALL = Math.log(1000);

/** An approach this steep (sine of the angle to the surface) counts as head-on. */
const STEEP = 0.2;

/**
 * Scale of an approach: 1 at the slow-down distance, falling exponentially to 0 at the halt distance. MoveIt Servo's curve
 * (a thousandth of the speed at contact), shifted so that it ends at exactly 0.
 */
export function approachScale(distance: number, { slowDownDistanceM, haltDistanceM }: ProximityThresholds): number {
  const share = (distance - haltDistanceM) / (slowDownDistanceM - haltDistanceM);
  if (!(share > 0)) return 0;
  return share >= 1 ? 1 : Math.expm1(FALL * share) / Math.expm1(FALL);
}

/** Scale of a motion that does not come nearer: 1 at the slow-down distance, falling linearly to RETREAT_SCALE at the halt distance. */
export function retreatScale(distance: number, { slowDownDistanceM, haltDistanceM }: ProximityThresholds): number {
  const share = (distance - haltDistanceM) / (slowDownDistanceM - haltDistanceM);
  return RETREAT_SCALE + (1 - RETREAT_SCALE) * Math.min(1, Math.max(0, share));
}

/**
 * Scale of a motion that starts clear of the halt distance and ends clear of it: between that of a retreat and that of an approach by
 * how steeply it approaches, so that sliding along a surface does not flicker between the two.
 *
 * @param now distance at the start, Infinity when beyond the slow-down distance. @param ahead the least distance on the way.
 * @param travelM how far the shapes move with respect to each other.
 */
export function clearScale(now: number, ahead: number, travelM: number, thresholds: ProximityThresholds): number {
  const nearest = Math.min(now, ahead);
  if (nearest >= thresholds.slowDownDistanceM) return 1;
  if (ahead >= now) return retreatScale(now, thresholds);
  const steepness = now === Infinity || travelM <= 0 ? 1 : Math.min(1, (now - ahead) / (STEEP * travelM));
  return (1 - steepness) * retreatScale(nearest, thresholds) + steepness * approachScale(nearest, thresholds);
}
