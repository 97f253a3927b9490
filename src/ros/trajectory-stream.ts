import { type Knot, type Profile, lastKnot, restKnot, sampleProfile } from "../safety/profile.js";

import type { JointTrajectory } from "../robot/types.js";

/**
 * Plays trajectories as positions and velocities, for forward command controllers, which neither interpolate nor stop by
 * themselves: the way a joint_trajectory_controller does, from where the last one has come to, and holding each end.
 */
export class TrajectoryStream {
  #profile: Profile | undefined;
  #startS = 0;

  /**
   * Follows a trajectory from `nowS` on.
   * @param measured where the joints are; used only when nothing was played before.
   */
  play(trajectory: JointTrajectory, nowS: number, measured: ArrayLike<number>): void {
    const first: Knot = this.#profile === undefined
      ? restKnot(0, Float64Array.from(measured))
      : { ...sampleProfile(this.#profile, nowS - this.#startS), timeS: 0 };
    this.#profile = [first, ...trajectory.points.map((point): Knot => ({
      timeS: point.timeFromStartS, positions: Float64Array.from(point.positions), velocities: Float64Array.from(point.velocities),
      accelerations: Float64Array.from(point.accelerations ?? point.positions.map(() => 0)),
    }))];
    this.#startS = nowS;
  }

  /** Positions and velocities wanted at `nowS`, or undefined before the first trajectory. */
  sample(nowS: number): Pick<Knot, "positions" | "velocities"> | undefined {
    return this.#profile === undefined ? undefined : sampleProfile(this.#profile, nowS - this.#startS);
  }

  /** What is to come, comes so many seconds later. */
  delay(byS: number): void {
    this.#startS += byS;
  }

  /** Seconds until the last trajectory is at rest. */
  remainingS(nowS: number): number {
    return this.#profile === undefined ? 0 : Math.max(0, lastKnot(this.#profile).timeS - (nowS - this.#startS));
  }

  /** Forgets what was played: the robot may be moved by others from here on. */
  clear(): void {
    this.#profile = undefined;
  }
}
