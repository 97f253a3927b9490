import type { JointLimits } from "../../src/robot/types.js";
import { sampleQuintic } from "../../src/safety/quintic.js";
import type { SeenPoint, SeenTrajectory } from "./proxy.js";

/** How near commands came to the limits: largest share of each, 1 is at the limit. */
export interface WireShares {
  velocity: number;
  acceleration: number;
  jerk: number;
  /** How far outside its position limits a joint was sent (rad or m), 0 when it never was. */
  outside: number;
  /** Commands with a number that is not finite, times that do not increase, or a trajectory that does not end at rest. */
  malformed: number;
  /** Largest difference between a stamp and the robot's own time (s). */
  stampOffS: number;
  commands: number;
}

interface Curve {
  readonly startS: number;
  readonly from: SeenPoint;
  readonly points: readonly SeenPoint[];
}

/** Looks along each piece in so many places. */
const LOOKS = 40;
/** A trajectory that is stamped so far from the robot's time begins on arrival, as far as its limits are looked at (s). */
const OTHER_CLOCK_S = 0.5;

/** A stamp in seconds since 1970 is exact to 0.24 µs, in which a fast joint goes so far (rad or m). */
const ROUNDING = 5e-7;
/** When one that begins on arrival arrived, after the newest joint state (s): how old that is is not known better. The mildest counts. */
const ARRIVALS_S = Array.from({ length: 31 }, (_, i) => (i - 15) * 0.002);

/**
 * Reads every trajectory on the wire as a joint trajectory controller does, from where the one before has come to at the time of its
 * stamp, all of it to its end. Shares no code with the pipeline that made them but the quintic.
 *
 * @param start where the robot's joints were before the first, in the order of `limits`.
 */
export function checkTrajectories(trajectories: readonly SeenTrajectory[], start: readonly number[], limits: readonly JointLimits[]): WireShares {
  const zero = limits.map(() => 0);
  const shares: WireShares = { velocity: 0, acceleration: 0, jerk: 0, outside: 0, malformed: 0, stampOffS: 0, commands: trajectories.length };
  const rest: SeenPoint = { positions: start, velocities: zero, accelerations: zero, t: 0 };
  let curve: Curve = { startS: -Infinity, from: rest, points: [] };
  for (const trajectory of trajectories) {
    const points = trajectory.points.map((point) => inOrder(point, trajectory.names, limits));
    if (isMalformed(points)) {
      shares.malformed++;
      continue;
    }
    const offS = trajectory.stamp_s === 0 ? 0 : trajectory.stamp_s - trajectory.robot_s;
    shares.stampOffS = Math.max(shares.stampOffS, Math.abs(offS));
    const stamped = trajectory.stamp_s !== 0 && Math.abs(offS) <= OTHER_CLOCK_S;
    const before = curve;
    const from = (startS: number): Curve => ({ startS, from: at(before, startS), points });
    const curves = stamped ? [from(trajectory.stamp_s)] : ARRIVALS_S.map((afterS) => from(trajectory.robot_s + afterS));
    const looks = curves.map((one) => ({ one, seen: lookAt(one, limits) }));
    const { one, seen } = looks.reduce((best, next) => next.seen.acceleration < best.seen.acceleration ? next : best);
    curve = one;
    for (const name of ["velocity", "acceleration", "jerk", "outside"] as const) shares[name] = Math.max(shares[name], seen[name]);
  }
  return shares;
}

/** The same for plain positions: only their place and mean velocity can be judged. */
export function checkPositions(
  commands: readonly { readonly t: number; readonly data: readonly number[] }[], rateHz: number, limits: readonly JointLimits[],
): WireShares {
  const shares: WireShares = { velocity: 0, acceleration: NaN, jerk: NaN, outside: 0, malformed: 0, stampOffS: 0, commands: commands.length };
  for (const [i, { t, data }] of commands.entries()) {
    if (data.length !== limits.length || !data.every(Number.isFinite)) {
      shares.malformed++;
      continue;
    }
    const last = commands[i - 1];
    for (const [j, { lower, upper, maxVelocity }] of limits.entries()) {
      shares.outside = Math.max(shares.outside, data[j]! - upper, lower - data[j]!);
      if (last === undefined) continue;
      // What arrives in a burst was sent at the command rate.
      const overS = Math.max(t - last.t, 1 / rateHz);
      shares.velocity = Math.max(shares.velocity, Math.abs(data[j]! - last.data[j]!) / overS / maxVelocity);
    }
  }
  return shares;
}

function inOrder(point: SeenPoint, names: readonly string[], limits: readonly JointLimits[]): SeenPoint {
  const pick = (values: readonly number[]): number[] => limits.map(({ name }) => {
    const value = values[names.indexOf(name)];
    return typeof value === "number" ? value : NaN;
  });
  return { positions: pick(point.positions), velocities: pick(point.velocities), accelerations: pick(point.accelerations), t: point.t };
}

function isMalformed(points: readonly SeenPoint[]): boolean {
  const finite = points.every((point) => [...point.positions, ...point.velocities, ...point.accelerations, point.t].every(Number.isFinite));
  const increasing = points.every(({ t }, i) => t > (points[i - 1]?.t ?? -1));
  return points.length === 0 || !finite || !increasing || points.at(-1)!.velocities.some((velocity) => velocity !== 0);
}

/** Where the curve is at a time of the robot. */
function at(curve: Curve, timeS: number): SeenPoint {
  let from = curve.from;
  for (const to of curve.points) {
    if (timeS - curve.startS <= to.t) {
      const moments = moment(from, to, timeS - curve.startS - from.t);
      return {
        positions: moments.map(({ position }) => position), velocities: moments.map(({ velocity }) => velocity),
        accelerations: moments.map(({ acceleration }) => acceleration), t: 0,
      };
    }
    from = to;
  }
  return { ...from, t: 0 };
}

function moment(from: SeenPoint, to: SeenPoint, sinceS: number): ReturnType<typeof sampleQuintic>[] {
  return from.positions.map((position, j) => sampleQuintic(
    { position, velocity: from.velocities[j]!, acceleration: from.accelerations[j]! },
    { position: to.positions[j]!, velocity: to.velocities[j]!, acceleration: to.accelerations[j]! }, to.t - from.t, Math.max(0, sinceS),
  ));
}

function lookAt(curve: Curve, limits: readonly JointLimits[]): Pick<WireShares, "velocity" | "acceleration" | "jerk" | "outside"> {
  const shares = { velocity: 0, acceleration: 0, jerk: 0, outside: 0 };
  let from = curve.from;
  for (const to of curve.points) {
    const pieceS = to.t - from.t;
    // What is left of a stop can be shorter than a millisecond; a rounded start is then a large share of it.
    const rounding = { velocity: (2 * ROUNDING) / pieceS, acceleration: (10 * ROUNDING) / pieceS ** 2, jerk: (60 * ROUNDING) / pieceS ** 3 };
    let before: readonly number[] = from.accelerations;
    for (let look = 1; look <= LOOKS; look++) {
      const moments = moment(from, to, (look * pieceS) / LOOKS);
      for (const [j, { lower, upper, maxVelocity, maxAcceleration, maxJerk }] of limits.entries()) {
        const { position, velocity, acceleration } = moments[j]!;
        shares.outside = Math.max(shares.outside, position - upper, lower - position);
        shares.velocity = Math.max(shares.velocity, (Math.abs(velocity) - rounding.velocity) / maxVelocity);
        shares.acceleration = Math.max(shares.acceleration, (Math.abs(acceleration) - rounding.acceleration) / maxAcceleration);
        shares.jerk = Math.max(shares.jerk, ((Math.abs(acceleration - before[j]!) * LOOKS) / pieceS - rounding.jerk) / maxJerk);
      }
      before = moments.map(({ acceleration }) => acceleration);
    }
    from = to;
  }
  return shares;
}
