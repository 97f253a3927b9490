/** A control step comes this long after a frame, s: late enough for the frame to be there in spite of jitter. */
const LAG_S = 0.01;
/** A frame may be this late, s, and this share of its interval, and still be waited for. */
const LATE_S = 0.04;
const LATE_SHARE = 0.4;
/** Weight of the newest interval in the running mean. */
const NEWEST = 0.1;
/** Deviation of an interval from the mean, as a share of it, above which the camera counts as irregular. */
const IRREGULAR = 0.35;

/**
 * Keeps control steps just behind camera frames. A step plans from the newest frame together with the newest joint state; with a
 * camera of 10 Hz at any phase that frame would be up to 100 ms older than the state, in which a moving arm goes centimetres.
 * The camera's rate need not divide the control rate for a gain, but only then the age is small at every step.
 */
export class FramePhase {
  #lastS: number | undefined;
  #intervalS: number | undefined;
  #deviationS = 0;

  /** Takes the arrival of a frame, s on the clock of control. */
  onFrame(nowS: number): void {
    if (this.#lastS !== undefined) {
      const interval = nowS - this.#lastS;
      const mean = this.#intervalS ?? interval;
      this.#deviationS += NEWEST * (Math.abs(interval - mean) - this.#deviationS);
      this.#intervalS = mean + NEWEST * (interval - mean);
    }
    this.#lastS = nowS;
  }

  /** Time since the newest frame arrived, s; undefined before the first. */
  ageS(nowS: number): number | undefined {
    return this.#lastS === undefined ? undefined : nowS - this.#lastS;
  }

  /**
   * How much later (or, negative, earlier) than `dueS` a step should come to be just behind a frame, s.
   *
   * @param mostS largest shift either way: a robot in motion must not be surprised. 0 without a regular camera.
   */
  shift(dueS: number, mostS: number): number {
    const interval = this.#regularS;
    if (this.#lastS === undefined || interval === undefined) {
      return 0;
    }
    const behind = dueS - this.#lastS - LAG_S;
    const wrapped = behind - interval * Math.round(behind / interval);
    return Math.max(-mostS, Math.min(mostS, -wrapped));
  }

  /** How much longer a frame is worth waiting for that should have come by now, s; 0 where none should, or it is too late to hope for it. */
  dueS(nowS: number): number {
    const interval = this.#regularS;
    if (this.#lastS === undefined || interval === undefined) {
      return 0;
    }
    const lateS = nowS - this.#lastS - interval;
    return lateS < -LAG_S ? 0 : Math.max(0, Math.min(LATE_S, LATE_SHARE * interval) - lateS);
  }

  /** Time between frames, s; undefined without a regular camera, or with one so fast that no phase matters. */
  get #regularS(): number | undefined {
    const interval = this.#intervalS;
    return interval === undefined || interval <= 2 * LAG_S || this.#deviationS > IRREGULAR * interval ? undefined : interval;
  }
}
