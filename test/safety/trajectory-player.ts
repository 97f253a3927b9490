import assert from "node:assert/strict";
import type { JointLimits, JointTrajectory } from "../../src/robot/types.js";
import { sampleQuintic } from "../../src/safety/quintic.js";

/** What the joints do at one time. */
interface Moment {
  readonly positions: number[];
  readonly velocities: number[];
  readonly accelerations: number[];
  readonly jerks: number[];
  /** Length of the piece it lies on (s). */
  readonly pieceS: number;
}

/**
 * Plays trajectories as a joint trajectory controller does, from where the joints are, and fails when a limit is broken,
 * a position, velocity or acceleration jumps, or a trajectory does not end in a stop. Shares no code with the checks under test but the quintic.
 */
export class TrajectoryPlayer {
  readonly #limits: readonly JointLimits[];
  readonly #margin: (name: string) => number;
  #positions: number[];
  #velocities: number[];
  #accelerations: number[];

  constructor(limits: readonly JointLimits[], start: readonly number[], margin: (name: string) => number) {
    this.#limits = limits;
    this.#positions = [...start];
    this.#velocities = start.map(() => 0);
    this.#accelerations = start.map(() => 0);
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
    this.#accelerations = end.accelerations;
  }

  /** Where the joints would be `timeS` into the trajectory. */
  peek(trajectory: JointTrajectory, timeS: number): { readonly positions: number[]; readonly velocities: number[] } {
    return this.#at(trajectory, timeS);
  }

  #at(trajectory: JointTrajectory, timeS: number): Moment {
    let from = { positions: this.#positions, velocities: this.#velocities, accelerations: this.#accelerations, timeFromStartS: 0 };
    for (const point of trajectory.points) {
      const to = { ...point, accelerations: point.accelerations ?? assert.fail("a point has accelerations") };
      if (timeS <= to.timeFromStartS) {
        const pieceS = to.timeFromStartS - from.timeFromStartS;
        const at = (sinceS: number) => this.#limits.map((_, j) => sampleQuintic(
          { position: from.positions[j]!, velocity: from.velocities[j]!, acceleration: from.accelerations[j]! },
          { position: to.positions[j]!, velocity: to.velocities[j]!, acceleration: to.accelerations[j]! }, pieceS, sinceS,
        ));
        const sinceS = timeS - from.timeFromStartS;
        const samples = at(sinceS);
        // A difference of accelerations, not the derivative that the pipeline has.
        const aside = Math.min(1e-4, pieceS / 4);
        const [before, after] = [at(Math.max(0, sinceS - aside)), at(Math.min(pieceS, sinceS + aside))];
        const spanS = Math.min(pieceS, sinceS + aside) - Math.max(0, sinceS - aside);
        return {
          positions: samples.map((s) => s.position), velocities: samples.map((s) => s.velocity), accelerations: samples.map((s) => s.acceleration),
          jerks: samples.map((_, j) => (after[j]!.acceleration - before[j]!.acceleration) / spanS), pieceS,
        };
      }
      from = to;
    }
    const zero = from.positions.map(() => 0);
    return { positions: [...from.positions], velocities: zero, accelerations: zero, jerks: zero, pieceS: Infinity };
  }

  #check(moment: Moment): void {
    // On a short piece acceleration and jerk are differences of nearly equal positions over the time squared and cubed.
    const rounding = 1e-13 / moment.pieceS ** 2;
    const jerkRounding = 1e-12 / moment.pieceS ** 3;
    for (const [j, limits] of this.#limits.entries()) {
      const margin = this.#margin(limits.name);
      const { name, lower, upper } = limits;
      const position = moment.positions[j]!;
      assert.ok(position <= upper - margin + 1e-6 && position >= lower + margin - 1e-6, `${name} at ${position}`);
      assert.ok(Math.abs(moment.velocities[j]!) <= limits.maxVelocity + 1e-6, `${name} at ${moment.velocities[j]!} /s`);
      assert.ok(Math.abs(moment.accelerations[j]!) <= limits.maxAcceleration + 1e-6 + rounding, `${name} at ${moment.accelerations[j]!} /s^2`);
      assert.ok(Math.abs(moment.jerks[j]!) <= limits.maxJerk * (1 + 1e-6) + 1e-3 + jerkRounding, `${name} at ${moment.jerks[j]!} /s^3`);
    }
  }
}
