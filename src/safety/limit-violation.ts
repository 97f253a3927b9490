import type { JointLimits } from "../robot/types.js";
import type { PositionBounds } from "./limits.js";
import { type Profile, jointMoment } from "./profile.js";
import { pieceExtremes } from "./quintic.js";

/**
 * How far a profile breaks the limits, 0 or less when it keeps them. Velocity, acceleration and jerk count in shares of their
 * limit, positions in rad or m. For way-points that are linear in a scale this is a convex function of the scale (at each
 * time every quantity is linear in it), which the search for the largest scale relies on.
 */
export function limitViolation(profile: Profile, limits: readonly JointLimits[], bounds: readonly PositionBounds[]): number {
  let worst = -Infinity;
  for (let k = 1; k < profile.length; k++) {
    const start = profile[k - 1]!;
    const end = profile[k]!;
    for (let j = 0; j < limits.length; j++) {
      const extremes = pieceExtremes(jointMoment(start, j), jointMoment(end, j), end.timeS - start.timeS);
      const { maxVelocity, maxAcceleration, maxJerk } = limits[j]!;
      worst = Math.max(
        worst,
        extremes.speed / maxVelocity - 1,
        extremes.acceleration / maxAcceleration - 1,
        extremes.jerk / maxJerk - 1,
        extremes.maxPosition - bounds[j]!.upper,
        bounds[j]!.lower - extremes.minPosition,
      );
    }
  }
  return worst;
}
