import { type JointMoment, sampleQuintic } from "./quintic.js";

/** One knot of a profile: rad, rad/s, rad/s^2 (m for prismatic joints). */
export interface Knot {
  /** Seconds on the profile's clock. */
  readonly timeS: number;
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
  readonly accelerations: Float64Array;
}

/**
 * How a group of joints moves: quintic pieces between knots, so that jerk is finite everywhere. The first knot is at or before
 * time 0 (a piece that is under way keeps the knot where it began), times increase strictly, the last knot is at rest, and
 * after it the joints stay where they are.
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

/** A knot at rest. */
export function restKnot(timeS: number, positions: Float64Array): Knot {
  return { timeS, positions, velocities: new Float64Array(positions.length), accelerations: new Float64Array(positions.length) };
}

/** Joint j of a knot. */
export function jointMoment(knot: Omit<Knot, "timeS">, j: number): JointMoment {
  return { position: knot.positions[j]!, velocity: knot.velocities[j]!, acceleration: knot.accelerations[j]! };
}

/** The state of the joints at `timeS`, as a knot at that time. Fresh arrays. */
export function sampleProfile(profile: Profile, timeS: number): Knot {
  let start: Knot = profile[0];
  if (timeS <= start.timeS + CLOCK_ROUNDING_S) return copyKnot(start, timeS);
  for (const end of profile.slice(1)) {
    if (Math.abs(timeS - end.timeS) <= CLOCK_ROUNDING_S) return copyKnot(end, timeS);
    if (timeS < end.timeS) return between(start, end, timeS);
    start = end;
  }
  return copyKnot(start, timeS);
}

/** What is left of the profile after `timeS`, its clock starting there: the same movement. */
export function remainingProfile(profile: Profile, timeS: number): Profile {
  const next = profile.findIndex((knot) => knot.timeS > timeS + SAME_TIME_S);
  // A knot that is too near to be one of its own is where it starts: as the last knot it is the one that stands still.
  if (next < 0) return [copyKnot(lastKnot(profile), 0)];
  const first = profile[Math.max(0, next - 1)] ?? profile[0];
  return [{ ...first, timeS: first.timeS - timeS }, ...profile.slice(Math.max(1, next)).map((knot) => ({ ...knot, timeS: knot.timeS - timeS }))];
}

/** All knot times of the profiles after time 0, sorted; of times that are too near the later: stops must not be lost. */
export function knotTimes(profiles: readonly Profile[]): number[] {
  const sorted = profiles.flatMap((profile) => profile.map((knot) => knot.timeS)).filter((timeS) => timeS > SAME_TIME_S).sort((a, b) => a - b);
  const times: number[] = [];
  for (const timeS of sorted) {
    const previous = times[times.length - 1];
    if (previous !== undefined && timeS - previous <= SAME_TIME_S) times.pop();
    times.push(timeS);
  }
  return times;
}

function between(start: Knot, end: Knot, timeS: number): Knot {
  const count = start.positions.length;
  const positions = new Float64Array(count);
  const velocities = new Float64Array(count);
  const accelerations = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    const moment = sampleQuintic(jointMoment(start, j), jointMoment(end, j), end.timeS - start.timeS, timeS - start.timeS);
    positions[j] = moment.position;
    velocities[j] = moment.velocity;
    accelerations[j] = moment.acceleration;
  }
  return { timeS, positions, velocities, accelerations };
}

function copyKnot(knot: Knot, timeS: number): Knot {
  return { timeS, positions: knot.positions.slice(), velocities: knot.velocities.slice(), accelerations: knot.accelerations.slice() };
}
