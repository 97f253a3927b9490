import type { JointLimits } from "../robot/types.js";
import { segmentExtremes } from "./hermite.js";
import type { PositionBounds } from "./limits.js";
import type { Profile } from "./profile.js";

/**
 * How far a profile breaks the limits, 0 or less when it keeps them. Velocity and acceleration count in shares of their
 * limit, positions in rad or m. For way-points that are linear in a scale this is a convex function of the scale (at each
 * time every quantity is linear in it), which the search for the largest scale relies on.
 */
export function limitViolation(profile: Profile, limits: readonly JointLimits[], bounds: readonly PositionBounds[]): number {
  let worst = -Infinity;
  for (let k = 1; k < profile.length; k++) {
    const start = profile[k - 1]!;
    const end = profile[k]!;
    for (let j = 0; j < limits.length; j++) {
      const extremes = segmentExtremes(
        start.positions[j]!, start.velocities[j]!, end.positions[j]!, end.velocities[j]!, end.timeS - start.timeS,
      );
      worst = Math.max(
        worst,
        extremes.speed / limits[j]!.maxVelocity - 1,
        extremes.acceleration / limits[j]!.maxAcceleration - 1,
        extremes.maxPosition - bounds[j]!.upper,
        bounds[j]!.lower - extremes.minPosition,
      );
    }
  }
  return worst;
}
