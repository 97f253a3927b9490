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

/** What a guard says of a motion. */
export interface Verdict {
  /** Share of the wanted speed that is allowed, 0..1, the same for all joints so that the direction is kept; 0 is a halt. */
  readonly scale: number;
  /** There whenever the scale is below 1. */
  readonly reason?: HoldReason;
  /** For people, one line; there whenever the scale is below 1. */
  readonly sentence?: string;
}

/**
 * Something that may slow or halt a motion. Guards keep nothing from one question to the next, so they can be asked in any order,
 * and again about the slowed motion. They are part of a safety pipeline that is not a certified safety function.
 */
export interface Guard {
  readonly name: string;
  /** Never throws on purpose; whoever asks must take an error as a halt (worstVerdict() does). */
  assess(motion: Motion): Verdict;
}
