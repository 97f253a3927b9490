/**
 * Further behind than this (real seconds), lost time is given up instead of caught up: a burst of simulated time would be
 * a robot that runs away from a controller whose planning takes real time.
 */
const MAX_BEHIND_S = 0.03;

/** What the pacer asks for. */
export interface Pace {
  /** Slices to simulate now. */
  readonly slices: number;
  /** Real milliseconds until the next question; 0: at once, after other events had their turn. */
  readonly waitMs: number;
}

/**
 * Decides how much to simulate and when, so that simulated time keeps its pace with real time. It hands out few slices at
 * a time: between them the event loop serves ROS.
 */
export class Pacer {
  readonly #sliceS: number;
  readonly #nowS: () => number;
  #factor = 1;
  #anchorRealS: number;
  #slicesSinceAnchor = 0;
  /** Real seconds given up since the start because the computer was too slow. */
  #lostS = 0;

  /** @param sliceS simulated seconds of one slice. @param nowS monotonic real seconds. */
  constructor(sliceS: number, nowS: () => number) {
    this.#sliceS = sliceS;
    this.#nowS = nowS;
    this.#anchorRealS = nowS();
  }

  /** Simulated seconds per real second; 0 means as fast as possible. */
  set factor(factor: number) {
    this.#factor = factor;
    this.#anchorRealS = this.#nowS();
    this.#slicesSinceAnchor = 0;
  }

  get lostS(): number {
    return this.#lostS;
  }

  next(): Pace {
    if (this.#factor === 0) {
      return { slices: 1, waitMs: 0 };
    }
    const now = this.#nowS();
    const dueS = this.#anchorRealS + (this.#slicesSinceAnchor * this.#sliceS) / this.#factor;
    const behindS = now - dueS;
    if (behindS < 0) {
      return { slices: 0, waitMs: Math.max(1, Math.ceil(-behindS * 1000)) };
    }
    if (behindS > MAX_BEHIND_S) {
      this.#lostS += behindS;
      this.#anchorRealS += behindS;
    }
    this.#slicesSinceAnchor += 1;
    return { slices: 1, waitMs: 0 };
  }
}
