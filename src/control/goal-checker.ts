/** When a goal counts as reached. */
export interface GoalCheckerOptions {
  /** Energy below which a picture looks like the goal. */
  readonly reachedBelow: number;
  /** Different pictures in a row that must. */
  readonly frames: number;
  /** A goal once reached counts as left above this energy. */
  readonly leftAbove: number;
}

/** Decides from the energies of pictures whether the goal is reached, and once reached, whether it was left again. */
export class GoalChecker {
  readonly #options: GoalCheckerOptions;
  #below = 0;
  #lastFrame = -1;

  constructor(options: GoalCheckerOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#below = 0;
    this.#lastFrame = -1;
  }

  /** @param frame number of the picture: one picture counts once, however often it was planned from. */
  reached(energy: number, frame: number): boolean {
    if (frame !== this.#lastFrame) {
      this.#lastFrame = frame;
      this.#below = energy < this.#options.reachedBelow ? this.#below + 1 : 0;
    }
    return this.#below >= this.#options.frames;
  }

  left(energy: number): boolean {
    return energy > this.#options.leftAbove;
  }
}
