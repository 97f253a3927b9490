import type { JointTrajectory, JointTrajectoryPoint } from "../src/robot/types.js";
import { jointMoment } from "../src/safety/profile.js";
import { sampleQuintic } from "../src/safety/quintic.js";

/** A command that the simulated driver does not take; the message is one line for people. */
export class RefusedCommand extends Error {
  override name = "RefusedCommand";
}

/** Longer than any simulation, s. */
const FOREVER_S = 1e6;

interface Segment {
  readonly startS: number;
  readonly endS: number;
  readonly from: Waypoint;
  readonly to: Waypoint;
  readonly order: Order;
}

/** How a piece is drawn: straight between positions, cubic with velocities, quintic with accelerations. */
type Order = "linear" | "cubic" | "quintic";

interface Waypoint {
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
  readonly accelerations: Float64Array;
}

/**
 * The driver of the simulated arm: follows joint trajectories as ros2_control's joint_trajectory_controller does
 * (positions only: linear; with velocities: cubic; with accelerations, too: quintic), holds the last point, and takes plain positions and velocities as the
 * forward_command_controllers do. What it refuses leaves the present motion as it is.
 */
export class TrajectoryController {
  readonly #jointNames: readonly string[];
  #segments: Segment[] = [];
  #setpoint: Waypoint;

  constructor(jointNames: readonly string[], positions: ArrayLike<number>) {
    this.#jointNames = jointNames;
    this.#setpoint = at(positions);
  }

  /** Holds `positions` (after a reset). */
  hold(positions: ArrayLike<number>): void {
    this.#segments = [];
    this.#setpoint = at(positions);
  }

  /**
   * Follows a trajectory from the present setpoint on.
   * @param nowS the simulator's time, s. @param startS when the trajectory's time zero is; default: now.
   * @throws RefusedCommand on wrong joint names, numbers that are not finite, times that do not increase or have passed,
   *   or a last point that still moves.
   */
  setTrajectory(trajectory: JointTrajectory, nowS: number, startS = nowS): void {
    const order = this.#order(trajectory.jointNames);
    if (trajectory.points.length === 0) throw new RefusedCommand("trajectory: it has no points; send at least one");
    let previousS = -1;
    const waypoints = trajectory.points.map((point, i) => {
      const timeS = point.timeFromStartS;
      if (!Number.isFinite(timeS) || timeS < 0 || timeS <= previousS) {
        const why = i === 0 ? "it must be 0 or more" : `it must be more than the ${previousS} s of the point before`;
        throw new RefusedCommand(`trajectory: time_from_start of point ${i} is ${timeS} s; ${why}`);
      }
      previousS = timeS;
      return { timeS, order: orderOf(point), ...this.#waypoint(order, point, i) };
    });
    const last = waypoints[waypoints.length - 1];
    if (last !== undefined && last.velocities.some((v) => Math.abs(v) > 1e-6)) {
      throw new RefusedCommand("trajectory: the velocity of its last point is not zero; end it at rest");
    }
    if (startS + previousS < nowS) {
      throw new RefusedCommand(`trajectory: it ended ${(nowS - startS - previousS).toFixed(3)} s ago; send it earlier or stamp it later`);
    }
    const segments: Segment[] = [];
    let from: Waypoint = this.sample(nowS);
    let fromS = nowS;
    for (const waypoint of waypoints) {
      const endS = startS + waypoint.timeS;
      if (endS < nowS) continue;
      segments.push({ startS: fromS, endS, from, to: waypoint, order: waypoint.order });
      from = waypoint;
      fromS = endS;
    }
    this.#segments = segments;
  }

  /**
   * Holds plain positions at once, as a forward position controller.
   * @throws RefusedCommand on a wrong count or a number that is not finite.
   */
  setPositions(positions: ArrayLike<number>): void {
    this.hold(this.#numbers(positions, "position"));
  }

  /**
   * Moves at plain velocities until another command comes, as a forward velocity controller.
   * @throws RefusedCommand on a wrong count or a number that is not finite.
   */
  setVelocities(velocities: ArrayLike<number>, nowS: number): void {
    const values = this.#numbers(velocities, "velocity");
    const from = { ...this.sample(nowS), velocities: Float64Array.from(values) };
    const to = { ...from, positions: from.positions.map((position, j) => position + values[j]! * FOREVER_S) };
    this.#segments = [{ startS: nowS, endS: nowS + FOREVER_S, from, to, order: "linear" }];
  }

  #numbers(given: ArrayLike<number>, what: string): number[] {
    const n = this.#jointNames.length;
    if (given.length !== n) throw new RefusedCommand(`command: ${given.length} values for ${n} joints (${this.#jointNames.join(", ")})`);
    const values = Array.from(given);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new RefusedCommand(`command: ${what} of ${String(this.#jointNames[bad])} is ${String(values[bad])}; numbers must be finite`);
    return values;
  }

  /** Wanted positions and velocities at a time. Times must not go back further than the last command. */
  sample(timeS: number): Waypoint {
    let first = this.#segments[0];
    while (first !== undefined && timeS >= first.endS) {
      this.#setpoint = at(first.to.positions);
      this.#segments.shift();
      first = this.#segments[0];
    }
    return first === undefined ? this.#setpoint : interpolate(first, timeS);
  }

  /** Everything needed to go on exactly, as plain numbers. */
  save(): unknown {
    const plain = (w: Waypoint): number[][] => [[...w.positions], [...w.velocities], [...w.accelerations]];
    return {
      setpoint: plain(this.#setpoint),
      segments: this.#segments.map((s) => ({ startS: s.startS, endS: s.endS, order: s.order, from: plain(s.from), to: plain(s.to) })),
    };
  }

  /** Goes back to what `save` gave. */
  restore(saved: unknown): void {
    const state = saved as { setpoint: number[][]; segments: { startS: number; endS: number; order: Order; from: number[][]; to: number[][] }[] };
    const waypoint = (w: number[][]): Waypoint => ({ positions: Float64Array.from(w[0] ?? []), velocities: Float64Array.from(w[1] ?? []), accelerations: Float64Array.from(w[2] ?? []) });
    this.#setpoint = waypoint(state.setpoint);
    this.#segments = state.segments.map((s) => ({ ...s, from: waypoint(s.from), to: waypoint(s.to) }));
  }

  /** For each joint of ours, its index in the command. */
  #order(names: readonly string[]): number[] {
    const unknown = names.find((name) => !this.#jointNames.includes(name));
    if (unknown !== undefined) throw new RefusedCommand(`trajectory: joint "${unknown}" is not one of ${this.#jointNames.join(", ")}`);
    const twin = names.find((name, i) => names.indexOf(name) < i);
    if (twin !== undefined) throw new RefusedCommand(`trajectory: joint "${twin}" is named twice`);
    return this.#jointNames.map((name) => {
      const index = names.indexOf(name);
      if (index < 0) throw new RefusedCommand(`trajectory: joint "${name}" is missing; name all of ${this.#jointNames.join(", ")}`);
      return index;
    });
  }

  #waypoint(order: readonly number[], { positions, velocities, accelerations = [] }: JointTrajectoryPoint, point: number): Waypoint {
    const pick = (values: readonly number[], what: string): Float64Array => {
      if (values.length !== order.length) throw new RefusedCommand(`trajectory: point ${point} has ${values.length} ${what} for ${order.length} joints`);
      return Float64Array.from(order, (index, joint) => {
        const value = values[index] as number;
        if (!Number.isFinite(value)) throw new RefusedCommand(`trajectory: ${what} of ${String(this.#jointNames[joint])} at point ${point} is ${value}; numbers must be finite`);
        return value;
      });
    };
    const pickAny = (values: readonly number[], what: string): Float64Array => values.length === 0 ? new Float64Array(order.length) : pick(values, what);
    return { positions: pick(positions, "positions"), velocities: pickAny(velocities, "velocities"), accelerations: pickAny(accelerations, "accelerations") };
  }
}

function at(positions: ArrayLike<number>): Waypoint {
  return { positions: Float64Array.from(positions), velocities: new Float64Array(positions.length), accelerations: new Float64Array(positions.length) };
}

function orderOf({ velocities, accelerations = [] }: JointTrajectoryPoint): Order {
  if (velocities.length === 0) return "linear";
  return accelerations.length === 0 ? "cubic" : "quintic";
}

function interpolate(segment: Segment, timeS: number): Waypoint {
  const spanS = segment.endS - segment.startS;
  const u = spanS > 0 ? Math.min(1, Math.max(0, (timeS - segment.startS) / spanS)) : 1;
  const n = segment.to.positions.length;
  const waypoint = { positions: new Float64Array(n), velocities: new Float64Array(n), accelerations: new Float64Array(n) };
  for (let i = 0; i < n; i++) {
    const p0 = segment.from.positions[i] as number;
    const p1 = segment.to.positions[i] as number;
    if (segment.order === "linear" || spanS <= 0) {
      waypoint.positions[i] = p0 + u * (p1 - p0);
      waypoint.velocities[i] = spanS > 0 ? (p1 - p0) / spanS : 0;
      continue;
    }
    if (segment.order === "quintic") {
      const moment = sampleQuintic(jointMoment(segment.from, i), jointMoment(segment.to, i), spanS, u * spanS);
      waypoint.positions[i] = moment.position;
      waypoint.velocities[i] = moment.velocity;
      waypoint.accelerations[i] = moment.acceleration;
      continue;
    }
    const m0 = (segment.from.velocities[i] as number) * spanS;
    const m1 = (segment.to.velocities[i] as number) * spanS;
    const a = 2 * p0 - 2 * p1 + m0 + m1;
    const b = -3 * p0 + 3 * p1 - 2 * m0 - m1;
    waypoint.positions[i] = p0 + u * (m0 + u * (b + u * a));
    waypoint.velocities[i] = (m0 + u * (2 * b + 3 * u * a)) / spanS;
    waypoint.accelerations[i] = (2 * b + 6 * u * a) / (spanS * spanS);
  }
  return waypoint;
}
