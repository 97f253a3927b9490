import type { HoldReason } from "../safety/types.js";

/** What is wrong with an input, for people. */
export interface InputFault {
  readonly reason: HoldReason;
  readonly sentence: string;
  /** Where the arm is by now is not known, because the clock is not: it is left to the stop that its last trajectory has. */
  readonly ownStop?: boolean;
}

/** How the reasons and sentences of one input read. */
export interface InputNames {
  readonly waiting: "waiting_for_camera" | "waiting_for_joint_states";
  readonly stale: "camera_stale" | "joint_states_stale";
  /** "camera picture". */
  readonly noun: string;
}

/** The newest value of one input and how old it is on a steady clock. */
export class LatestInput<T> {
  readonly #names: InputNames;
  readonly #limitS: number;
  #value: T | undefined;
  #stampS = NaN;
  #takenS = -Infinity;
  #count = 0;

  /** @param limitS age (s) from which the value must not be used any more. */
  constructor(names: InputNames, limitS: number) {
    this.#names = names;
    this.#limitS = limitS;
  }

  /**
   * Takes a value. One that repeats the stamp of the last is no news: a driver that sends its last picture again and
   * again has stopped. Stamp 0 means that there is none.
   *
   * @param takenS when it was taken, on the steady clock (s).
   */
  take(value: T, stampS: number, takenS: number): void {
    if (stampS !== 0 && stampS === this.#stampS) return;
    this.#value = value;
    this.#stampS = stampS;
    this.#takenS = takenS;
    this.#count++;
  }

  get value(): T | undefined {
    return this.#value;
  }

  /** When the value was taken, on the steady clock (s); -Infinity before the first. */
  get takenS(): number {
    return this.#takenS;
  }

  /** Number of values taken: tells a new one from one seen before. */
  get count(): number {
    return this.#count;
  }

  /** Why the value cannot be used at `nowS`, or undefined when it can. */
  faultAt(nowS: number): InputFault | undefined {
    const { waiting, stale, noun } = this.#names;
    if (this.#value === undefined) return { reason: waiting, sentence: `Waiting for the first ${noun}.` };
    const ageS = nowS - this.#takenS;
    if (ageS <= this.#limitS) return undefined;
    return { reason: stale, sentence: `Holding: no ${noun} for ${ageS.toFixed(2)} s (limit ${this.#limitS.toFixed(2)} s).` };
  }
}
