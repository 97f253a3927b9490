import assert from "node:assert/strict";
import type { JointLimits, JointTrajectory } from "../../src/robot/types.js";
import { sampleHermite } from "../../src/safety/hermite.js";

/** What the joints do at one time. */
interface Moment {
  readonly positions: number[];
  readonly velocities: number[];
  readonly accelerations: number[];
  /** Length of the piece it lies on (s). */
  readonly pieceS: number;
}

/**
 * Plays trajectories as a joint trajectory controller does, from where the joints are, and fails when a limit is broken,
 * a position or velocity jumps, or a trajectory does not end in a stop. Shares no code with the checks under test but the cubic.
 */
export class TrajectoryPlayer {
  readonly #limits: readonly JointLimits[];
  readonly #margin: (name: string) => number;
  #positions: number[];
  #velocities: number[];

  constructor(limits: readonly JointLimits[], start: readonly number[], margin: (name: string) => number) {
    this.#limits = limits;
    this.#positions = [...start];
    this.#velocities = start.map(() => 0);
    this.#margin = margin;
  }

  get positions(): readonly number[] {
    return this.#positions;
  }

  get velocities(): readonly number[] {
    return this.#velocities;
  }

  /** Plays `forS` seconds of the trajectory, all of it checked, and leaves the joints there. */
  play(trajectory: JointTrajectory, forS: number): void {
    const last = trajectory.points.at(-1);
    assert.ok(last !== undefined, "a trajectory has a point");
    assert.ok(last.velocities.every((velocity) => velocity === 0), `the last velocity is ${last.velocities.join(" ")}`);
    let previous = 0;
    for (const point of trajectory.points) {
      assert.ok(Math.round(point.timeFromStartS * 1e9) > Math.round(previous * 1e9), "times increase by whole nanoseconds");
      previous = point.timeFromStartS;
    }
    const steps = 60;
    // The whole trajectory is checked, tail included: the robot drives it when nothing follows.
    for (let i = 0; i <= steps; i++) this.#check(this.#at(trajectory, (last.timeFromStartS * i) / steps));
    for (const point of trajectory.points) this.#check(this.#at(trajectory, point.timeFromStartS));
    const end = this.#at(trajectory, forS);
    this.#positions = end.positions;
    this.#velocities = end.velocities;
  }

  /** Where the joints would be `timeS` into the trajectory. */
  peek(trajectory: JointTrajectory, timeS: number): { readonly positions: number[]; readonly velocities: number[] } {
    return this.#at(trajectory, timeS);
  }

  #at(trajectory: JointTrajectory, timeS: number): Moment {
    let from = { positions: this.#positions, velocities: this.#velocities, timeFromStartS: 0 };
    for (const to of trajectory.points) {
      if (timeS <= to.timeFromStartS) {
        const samples = this.#limits.map((_, j) => sampleHermite(
          from.positions[j]!, from.velocities[j]!, to.positions[j]!, to.velocities[j]!,
          to.timeFromStartS - from.timeFromStartS, timeS - from.timeFromStartS,
        ));
        return {
          positions: samples.map((s) => s.position), velocities: samples.map((s) => s.velocity), accelerations: samples.map((s) => s.acceleration),
          pieceS: to.timeFromStartS - from.timeFromStartS,
        };
      }
      from = to;
    }
    return { positions: [...from.positions], velocities: from.positions.map(() => 0), accelerations: from.positions.map(() => 0), pieceS: Infinity };
  }

  #check(moment: Moment): void {
    // On a piece of microseconds the acceleration is a difference of nearly equal positions over the time squared.
    const rounding = 1e-14 / moment.pieceS ** 2;
    for (const [j, limits] of this.#limits.entries()) {
      const margin = this.#margin(limits.name);
      const { name, lower, upper } = limits;
      const position = moment.positions[j]!;
      assert.ok(position <= upper - margin + 1e-6 && position >= lower + margin - 1e-6, `${name} at ${position}`);
      assert.ok(Math.abs(moment.velocities[j]!) <= limits.maxVelocity + 1e-6, `${name} at ${moment.velocities[j]!} /s`);
      assert.ok(Math.abs(moment.accelerations[j]!) <= limits.maxAcceleration + 1e-6 + rounding, `${name} at ${moment.accelerations[j]!} /s^2`);
    }
  }
}
