import type { Rig, Setup } from "./rig.js";

/** How the controller comes back after a fault is over. */
export type Recovery =
  /** It never left its goal. */
  | "unaffected"
  /** It goes on to the same goal. */
  | "by itself"
  /** It holds until `~/reset` and a new goal. */
  | "after a reset"
  /** The process has to be started again. */
  | "after a restart";

/** Something that goes wrong while the arm is on its way to a goal. */
export interface MotionFault {
  readonly kind: "in_motion";
  /** Short and unique, for --only. */
  readonly name: string;
  /** What happens, for the table. */
  readonly what: string;
  /** What is started differently from DEFAULT_SETUP. */
  readonly setup?: Partial<Setup>;
  /** Before the arm moves. */
  prepare?(rig: Rig): Promise<void>;
  /** Makes the fault. A string that it returns or resolves to is what the fault said itself. */
  inject(rig: Rig): unknown;
  /** Ends the fault. Default: the proxy spoils nothing. */
  heal?(rig: Rig): unknown;
  /** Hold reasons of which one has to come; "ends": the process ends; "nothing": the arm goes on. */
  readonly expect: readonly string[] | "ends" | "nothing";
  /** What has to be said, in the status, the log, or by inject(). */
  readonly says?: RegExp;
  /** From the fault to the first sign of it, at most (s), on a machine with time to spare. */
  readonly withinS: number;
  readonly recovery: Recovery;
  /** Whether the arm does not come to rest: known, and told in `bad`. */
  readonly keepsMoving?: boolean;
  /** How long it lasts once the arm stands (s). Default 0.7: long enough to see that nothing moves. */
  readonly lastsS?: number;
  /** Whether the arm may move again while it lasts, because a hold is tried again. */
  readonly triesMeanwhile?: boolean;
  /** What is not good about it, one sentence. */
  readonly bad?: string;
  /** Part of the quick suite. */
  readonly quick?: boolean;
}

/** Something that is wrong when the controller starts: it must refuse in one line. */
export interface StartFault {
  readonly kind: "at_start";
  readonly name: string;
  readonly what: string;
  /** Makes what is wrong. @returns the parameters that lead there. */
  parameters(rig: Rig): Promise<Readonly<Record<string, string>>>;
  /** The one line. */
  readonly says: RegExp;
  readonly withinS: number;
  readonly bad?: string;
  readonly quick?: boolean;
}

export type Fault = MotionFault | StartFault;
