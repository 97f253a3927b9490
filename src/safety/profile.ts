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
const SAME_TIME_S = 1e-8;

/** The last knot. */
export function lastKnot(profile: Profile): Knot {
  return profile[profile.length - 1] ?? profile[0];
}

/** The state of the joints `timeS` after the start, as a knot at that time. Fresh arrays. */
export function sampleProfile(profile: Profile, timeS: number): Knot {
  const count = profile[0].positions.length;
  let start: Knot = profile[0];
  for (const end of profile.slice(1)) {
    if (Math.abs(timeS - end.timeS) <= SAME_TIME_S) return copyKnot(end, timeS);
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
  const first = { ...sampleProfile(profile, timeS), timeS: 0 };
  const rest = profile
    .filter((knot) => knot.timeS > timeS + SAME_TIME_S)
    .map((knot) => ({ ...knot, timeS: knot.timeS - timeS }));
  return [first, ...rest];
}

/** All knot times of the profiles, sorted, without the start and without doubles. */
export function knotTimes(profiles: readonly Profile[]): number[] {
  const sorted = profiles.flatMap((profile) => profile.slice(1).map((knot) => knot.timeS)).sort((a, b) => a - b);
  const times: number[] = [];
  for (const timeS of sorted) {
    const previous = times[times.length - 1] ?? 0;
    if (timeS - previous > SAME_TIME_S) times.push(timeS);
  }
  return times;
}

function copyKnot(knot: Knot, timeS: number): Knot {
  return { timeS, positions: knot.positions.slice(), velocities: knot.velocities.slice() };
}
