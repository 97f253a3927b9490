import { sampleHermite } from "./hermite.js";

/** One knot of a profile. */
export interface Knot {
  /** Seconds from the start of the profile. */
  readonly timeS: number;
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
}

/**
 * How a group of joints moves: cubic Hermite pieces between knots. The first knot is at time 0, times increase strictly,
 * the last velocity is zero, and after the last knot the joints stay where they are.
 */
export type Profile = readonly [Knot, ...Knot[]];

/** Knots closer than this (s) are one: ROS durations have whole nanoseconds. */
const SAME_TIME_S = 2e-9;
/** Rounding of a clock's seconds; within it a time is that of the knot. */
const CLOCK_ROUNDING_S = 1e-12;

/** The last knot. */
export function lastKnot(profile: Profile): Knot {
  return profile[profile.length - 1] ?? profile[0];
}

/** The state of the joints `timeS` after the start, as a knot at that time. Fresh arrays. */
export function sampleProfile(profile: Profile, timeS: number): Knot {
  const count = profile[0].positions.length;
  let start: Knot = profile[0];
  for (const end of profile.slice(1)) {
    if (Math.abs(timeS - end.timeS) <= CLOCK_ROUNDING_S) return copyKnot(end, timeS);
    if (timeS < end.timeS) {
      const positions = new Float64Array(count);
      const velocities = new Float64Array(count);
      const durationS = end.timeS - start.timeS;
      const sinceStartS = Math.max(0, timeS - start.timeS);
      for (let j = 0; j < count; j++) {
        const sample = sampleHermite(
          start.positions[j]!, start.velocities[j]!, end.positions[j]!, end.velocities[j]!, durationS, sinceStartS,
        );
        positions[j] = sample.position;
        velocities[j] = sample.velocity;
      }
      return { timeS, positions, velocities };
    }
    start = end;
  }
  return copyKnot(start, timeS);
}

/**
 * What is left of the profile after `timeS`, its clock starting there. A piece of a cubic is the cubic through its own end
 * points, so the remainder is the same movement.
 */
export function remainingProfile(profile: Profile, timeS: number): Profile {
  // A knot that is too near to be one of its own is the start: as the last knot it is the one that stands still.
  const near = profile.find((knot) => Math.abs(knot.timeS - timeS) <= SAME_TIME_S);
  const first = near === undefined ? { ...sampleProfile(profile, timeS), timeS: 0 } : copyKnot(near, 0);
  const rest = profile
    .filter((knot) => knot.timeS > timeS + SAME_TIME_S)
    .map((knot) => ({ ...knot, timeS: knot.timeS - timeS }));
  return [first, ...rest];
}

/** All knot times of the profiles, sorted, without the start; of times that are too near the later: stops must not be lost. */
export function knotTimes(profiles: readonly Profile[]): number[] {
  const sorted = profiles.flatMap((profile) => profile.slice(1).map((knot) => knot.timeS)).sort((a, b) => a - b);
  const times: number[] = [];
  for (const timeS of sorted) {
    const previous = times[times.length - 1];
    if (previous !== undefined && timeS - previous <= SAME_TIME_S) times.pop();
    times.push(timeS);
  }
  return times;
}

function copyKnot(knot: Knot, timeS: number): Knot {
  return { timeS, positions: knot.positions.slice(), velocities: knot.velocities.slice() };
}
