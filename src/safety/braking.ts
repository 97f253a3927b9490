import type { JointLimits } from "../robot/types.js";
import type { Knot, Profile } from "./profile.js";

/** The shortest braking tail (s) of joints that move at all: keeps way-point times apart for slow joints. */
const SHORTEST_BRAKING_S = 0.02;

/** Seconds the joints need to stop together: the slowest at its full acceleration, 0 when they stand. */
export function brakingTimeS(velocities: Float64Array, limits: readonly JointLimits[]): number {
  let timeS = 0;
  for (let j = 0; j < limits.length; j++) {
    const speed = Math.abs(velocities[j]!);
    if (speed > 0) timeS = Math.max(timeS, SHORTEST_BRAKING_S, speed / limits[j]!.maxAcceleration);
  }
  return timeS;
}

/**
 * From `from` to a stop. All joints decelerate constantly and stop at the same time, so their path stays straight; none
 * turns back, so its position is within bounds when its end is.
 */
export function brakingProfile(from: Knot, limits: readonly JointLimits[]): Profile {
  const durationS = brakingTimeS(from.velocities, limits);
  if (durationS === 0) return [from];
  return [
    from,
    {
      timeS: from.timeS + durationS,
      positions: from.positions.map((position, j) => position + (from.velocities[j]! * durationS) / 2),
      velocities: new Float64Array(limits.length),
    },
  ];
}
