/** Longest sleep between two looks at a clock that may jump (simulated time), ms. */
const LOOK_EVERY_MS = 5;

/**
 * Calls back once a period on a given clock, without drift. A clock that has run ahead by more than a period (the process was
 * suspended, simulated time jumped) gives one call, not many.
 */
export class Periodic {
  readonly #periodS: number;
  readonly #nowS: () => number;
  readonly #call: () => void;
  readonly #lookEveryMs: number;
  #dueS: number;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  /** @param nowS seconds that never go back. @param simulated whether that clock may run at another pace than real time. */
  constructor(periodS: number, nowS: () => number, simulated: boolean, call: () => void) {
    this.#periodS = periodS;
    this.#nowS = nowS;
    this.#call = call;
    this.#lookEveryMs = simulated ? LOOK_EVERY_MS : Number.POSITIVE_INFINITY;
    this.#dueS = nowS() + periodS;
    this.#sleep();
  }

  /** Periods that were skipped because the thread or the clock was late. */
  get missed(): number {
    return this.#missed;
  }

  /** When the next call is due, on its clock, s. */
  get dueS(): number {
    return this.#dueS;
  }

  /** Moves the next call, and with it all later ones, by some seconds. For use within the call. */
  shift(byS: number): void {
    this.#dueS += byS;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sleep(): void {
    const waitMs = Math.min(this.#lookEveryMs, Math.max(0, (this.#dueS - this.#nowS()) * 1000));
    // Node's timers fire up to a millisecond early or late; the last stretch is looked at again.
    this.#timer = setTimeout(() => { this.#look(); }, waitMs);
  }

  #look(): void {
    const now = this.#nowS();
    if (now + 0.0005 >= this.#dueS) {
      const late = Math.max(0, Math.floor((now - this.#dueS) / this.#periodS));
      this.#missed += late;
      this.#dueS += (late + 1) * this.#periodS;
      this.#call();
      if (this.#timer === undefined) {
        return;
      }
    }
    this.#sleep();
  }
}
