import type { JointLimits } from "../robot/types.js";
import { type Knot, type Profile, restKnot } from "./profile.js";

/** The shortest braking tail (s) of joints that move at all: keeps way-point times apart for slow joints. */
const SHORTEST_BRAKING_S = 0.02;
/** Halvings in the search for the braking time: to less than a thousandth of it. */
const HALVINGS = 10;
/** Doublings of a braking time that is too short. */
const DOUBLINGS = 20;

/** Seconds the joints need to stop together, the slowest within its acceleration and jerk; 0 when they stand. */
export function brakingTimeS(from: Knot, limits: readonly JointLimits[]): number {
  if (from.velocities.every((v) => v === 0) && from.accelerations.every((a) => a === 0)) return 0;
  const fits = (timeS: number): boolean => limits.every((joint, j) => keepsLimits(from.velocities[j]!, from.accelerations[j]!, timeS, joint));
  let long = SHORTEST_BRAKING_S;
  if (fits(long)) return long;
  for (let i = 0; i < DOUBLINGS && !fits(long); i++) long *= 2;
  let short = long / 2;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (short + long) / 2;
    if (fits(middle)) long = middle;
    else short = middle;
  }
  return long;
}

/**
 * From `from` to a stop. All joints stop at the same time, so their path stays nearly straight. The velocity is the cubic from the
 * present velocity and acceleration to none: the smoothest that ends in rest without a jump of the acceleration.
 */
export function brakingProfile(from: Knot, limits: readonly JointLimits[]): Profile {
  const durationS = brakingTimeS(from, limits);
  if (durationS === 0) return [from];
  const end = from.positions.map((position, j) => position + durationS * (from.velocities[j]! / 2 + (durationS * from.accelerations[j]!) / 12));
  return [from, restKnot(from.timeS + durationS, end)];
}

/** Whether the cubic velocity from (v, a) to rest within `timeS` keeps acceleration and jerk. Its jerk is linear, so its ends count. */
function keepsLimits(v: number, a: number, timeS: number, { maxAcceleration, maxJerk }: JointLimits): boolean {
  const jerkAtStart = -6 * v / timeS ** 2 - 4 * a / timeS;
  const jerkAtEnd = 6 * v / timeS ** 2 + 2 * a / timeS;
  if (Math.max(Math.abs(jerkAtStart), Math.abs(jerkAtEnd)) > maxJerk) return false;
  const turn = jerkAtStart / (jerkAtStart - jerkAtEnd);
  if (!(turn > 0 && turn < 1)) return true;
  return Math.abs(a + (timeS * turn * jerkAtStart) / 2) <= maxAcceleration;
}
