/** When a goal counts as not getting nearer. */
export interface ProgressOptions {
  /** Share of the energy by which it must fall, in (0, 1). */
  readonly fallShare: number;
  /** Seconds in which it must. */
  readonly withinS: number;
}

/** Watches that the energy falls by a share within a time. Apart from the goal checker, as in Nav2. */
export class ProgressChecker {
  readonly #options: ProgressOptions;
  #baseline = Infinity;
  #sinceS = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Starts anew: the next energy is the one to improve on. */
  reset(): void {
    this.#baseline = Infinity;
  }

  /** Takes an energy at `nowS`. `improved` and `stuck` exclude each other. */
  check(energy: number, nowS: number): "improved" | "waiting" | "stuck" {
    if (energy <= this.#baseline * (1 - this.#options.fallShare) || this.#baseline === Infinity) {
      const first = this.#baseline === Infinity;
      this.#baseline = energy;
      this.#sinceS = nowS;
      return first ? "waiting" : "improved";
    }
    return nowS - this.#sinceS > this.#options.withinS ? "stuck" : "waiting";
  }
}
