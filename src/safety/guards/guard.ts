import type { HoldReason } from "../types.js";

/** What the arm is about to do, asked at command rate. */
export interface Motion {
  /** Where the joints are commanded to be now, [joints] (rad, m). */
  readonly positions: ArrayLike<number>;
  /** Joint velocities that are wanted next, [joints] (rad/s, m/s), before any slow-down. */
  readonly velocities: ArrayLike<number>;
  /** Where the joints would come to rest if this motion were taken and then braked, [joints]. */
  readonly rest: ArrayLike<number>;
}

/** scale: share of the wanted speed that is allowed, 0..1; 0 is a halt. reason and sentence whenever scale < 1. */
export interface Verdict {
  readonly scale: number;
  readonly reason?: HoldReason;
  readonly sentence?: string;
}

/** Something that slows or halts the arm, whatever model and planner want. */
export interface Guard {
  readonly name: string;
  assess(motion: Motion): Verdict;
}
