import { toSeconds } from "./time.js";

import type { RosTime } from "./rclnodejs.js";

/** A stamp may lie so far ahead of the local clock, s: clocks of two computers are never quite the same. */
const AHEAD_S = 0.1;

/** What a message's stamp says. */
export interface JudgedStamp {
  /** The stamp, s; 0 when there is none. */
  readonly stampS: number;
  /** Age on arrival, s, at least 0. */
  readonly ageS: number;
  /** What is odd about it, for the log. */
  readonly oddity?: string;
}

/**
 * Judges the age of a message by its header.
 *
 * @param nowS ROS time; 0 when simulated time has not started. @param limitS the age that makes the input stale.
 */
export function judgeStamp(what: string, stamp: RosTime, nowS: number, limitS: number): JudgedStamp {
  const stampS = toSeconds(stamp);
  if (stampS === 0 || nowS === 0) {
    return { stampS, ageS: 0 };
  }
  const ageS = nowS - stampS;
  if (ageS < -AHEAD_S) {
    return { stampS, ageS: 0, oddity: `the stamp of ${what} lies ${(-ageS).toFixed(2)} s in the future; are the clocks set, and is use_sim_time right?` };
  }
  if (ageS > limitS) {
    return { stampS, ageS, oddity: `${what} comes ${ageS.toFixed(2)} s old (limit ${limitS} s); are the clocks set, and is use_sim_time right?` };
  }
  return { stampS, ageS: Math.max(0, ageS) };
}
