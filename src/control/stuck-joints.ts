/** A joint that was sent so far has to be seen in another place (rad, or m): more than a driver lags behind, less than an arm should move unseen. */
const UNSEEN_TRAVEL = 0.06;
/** Measurements that have to repeat the one before: without news there is nothing to be stuck, and that they are missing is seen elsewhere. */
const REPEATS = 5;

/**
 * Notices measured joints that stay the same to the last bit while the arm is sent on: a driver that repeats old numbers with new stamps
 * is not stale, and within the tracking tolerance it looks like an arm that follows. An arm at rest may well repeat itself.
 */
export class StuckJoints {
  #measured: ArrayLike<number> | undefined;
  #repeats = 0;
  /** Where the joints were sent when a measurement last differed from the one before; undefined until the next look. */
  #sentThen: ArrayLike<number> | undefined;

  /** Takes a measurement; the array must not change afterwards. */
  take(positions: ArrayLike<number>): void {
    const last = this.#measured;
    this.#measured = positions;
    this.#repeats++;
    if (last === undefined || Array.from(positions).some((position, j) => position !== last[j])) this.#startAnew();
  }

  /**
   * Call it while the arm moves.
   *
   * @param sent where the joints are sent now. @returns why to hold, or undefined.
   */
  look(sent: ArrayLike<number>): string | undefined {
    const then = (this.#sentThen ??= Array.from(sent));
    const travel = Math.max(...Array.from(sent, (position, j) => Math.abs(position - then[j]!)));
    if (!(travel > UNSEEN_TRAVEL && this.#repeats >= REPEATS)) return undefined;
    // What comes of the next try counts anew.
    this.#startAnew();
    return `Holding: the arm was sent ${travel.toFixed(3)} rad on, and the measured joints have not changed at all.`;
  }

  #startAnew(): void {
    this.#repeats = 0;
    this.#sentThen = undefined;
  }
}
