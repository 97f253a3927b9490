import type { RgbImage } from "../camera/types.js";

/** A moment of a recording: picture, and where the joints were and were sent when it was taken. */
export interface RecordedFrame {
  /** Of the picture, s, on the recording's clock. */
  readonly timeS: number;
  readonly image: RgbImage;
  /** [joints], rad (m). */
  readonly positions: Float64Array;
  /** Where the newest command sent the joints, [joints]; their positions where there was none yet. */
  readonly setpoint: Float64Array;
}

export interface PeriodSamplerOptions {
  /** Time between two frames, s. */
  readonly periodS: number;
  /** A picture farther than this from a frame's time is none for it, s. Default a quarter of the period. */
  readonly toleranceS?: number;
  /** Joint states farther apart than this are a gap, s. Default half of the period. */
  readonly jointGapS?: number;
  readonly onFrame: (frame: RecordedFrame) => void;
  /** A frame is missing: what comes next begins anew. @param why one sentence. */
  readonly onGap: (why: string) => void;
}

interface Stamped<T> {
  readonly timeS: number;
  readonly value: T;
}

/**
 * Brings pictures and joint states that come at rates of their own to one period, by their time stamps. The first picture sets the time; from there on each period
 * takes the picture that is nearest, within a tolerance, and the joint positions at the very time of that picture, between the two states round it. What cannot be had is a
 * gap, never made up.
 *
 * Each kind is pushed in the order of its times; the kinds need not be in step.
 */
export class PeriodSampler {
  readonly #options: Required<PeriodSamplerOptions>;
  readonly #pictures: Stamped<RgbImage>[] = [];
  readonly #joints: Stamped<Float64Array>[] = [];
  readonly #commands: Stamped<Float64Array>[] = [];
  /** Time of the next frame; undefined when the next picture sets it. */
  #nextS: number | undefined;
  /** Time of the newest frame's picture, s. */
  #frameS = -Infinity;
  #outOfOrder = 0;

  constructor(options: PeriodSamplerOptions) {
    this.#options = { toleranceS: options.periodS / 4, jointGapS: options.periodS / 2, ...options };
  }

  /** Messages that were left out because one of a later time had come before. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  picture(timeS: number, image: RgbImage): void {
    this.#push(this.#pictures, timeS, image);
    this.#go(false);
  }

  joints(timeS: number, positions: Float64Array): void {
    this.#push(this.#joints, timeS, positions);
    this.#go(false);
  }

  command(timeS: number, setpoint: Float64Array): void {
    this.#push(this.#commands, timeS, setpoint);
  }

  /** No more comes; what can be decided now is. */
  end(): void {
    this.#go(true);
  }

  /** Frames so far and what comes next do not belong together, as at the end of an episode of the source: what could be decided is. */
  cut(): void {
    this.#go(true);
    this.#pictures.length = this.#joints.length = this.#commands.length = 0;
    this.#nextS = undefined;
    this.#frameS = -Infinity;
  }

  #push<T>(list: Stamped<T>[], timeS: number, value: T): void {
    const last = list.at(-1);
    if (!Number.isFinite(timeS) || (last !== undefined && timeS <= last.timeS)) this.#outOfOrder++;
    else list.push({ timeS, value });
  }

  #go(ended: boolean): void {
    while (this.#step(ended));
  }

  /** One frame or one gap. @returns whether there may be more. */
  #step(ended: boolean): boolean {
    const { periodS, toleranceS, jointGapS, onFrame, onGap } = this.#options;
    const first = this.#pictures[0];
    if (first === undefined) return false;
    if (this.#nextS === undefined) {
      // Before the first joint state nothing can be said of a picture.
      if (this.#joints.length === 0) {
        if (this.#pictures.length > 1) this.#pictures.shift();
        return this.#pictures.length > 1;
      }
      if (first.timeS < this.#joints[0]!.timeS) {
        this.#pictures.shift();
        return true;
      }
      this.#nextS = first.timeS;
    }
    const wantedS = this.#nextS;
    const after = this.#pictures.findIndex(({ timeS }) => timeS >= wantedS);
    if (after < 0 && !ended) return false;
    const [earlier, later] = after < 0 ? [this.#pictures.at(-1), undefined] : [this.#pictures[after - 1], this.#pictures[after]];
    const nearest = later === undefined || (earlier !== undefined && wantedS - earlier.timeS < later.timeS - wantedS) ? earlier! : later;
    if (Math.abs(nearest.timeS - wantedS) > toleranceS || nearest.timeS <= this.#frameS) {
      if (later === undefined) return false;
      return this.#gap(later.timeS, `no picture within ${Math.round(1000 * toleranceS)} ms of its time for ${(later.timeS - this.#frameS).toFixed(2)} s`, onGap);
    }
    const at = nearest.timeS;
    const next = this.#joints.findIndex(({ timeS }) => timeS >= at);
    if (next < 0) {
      // More may come, unless pictures have gone on without.
      const newestS = this.#pictures.at(-1)!.timeS;
      const lastS = this.#joints.at(-1)?.timeS ?? -Infinity;
      if (newestS - lastS <= jointGapS || (ended && newestS === at)) return false;
      return this.#gap(undefined, `no joint state for ${(newestS - lastS).toFixed(2)} s`, onGap);
    }
    const to = this.#joints[next]!;
    const from = to.timeS === at ? to : this.#joints[next - 1];
    if (from === undefined || to.timeS - from.timeS > jointGapS) {
      const restS = this.#pictures.find(({ timeS }) => timeS >= to.timeS)?.timeS;
      return this.#gap(restS, `joint states ${from === undefined ? "begin late" : `are ${(to.timeS - from.timeS).toFixed(2)} s apart`}`, onGap);
    }
    const share = to.timeS === from.timeS ? 0 : (at - from.timeS) / (to.timeS - from.timeS);
    const positions = from.value.map((position, j) => position + share * (to.value[j]! - position));
    const setpoint = this.#commands.findLast(({ timeS }) => timeS <= at)?.value ?? positions;
    this.#frameS = at;
    this.#nextS = wantedS + periodS;
    this.#forget(at);
    onFrame({ timeS: at, image: nearest.value, positions, setpoint: Float64Array.from(setpoint) });
    return true;
  }

  /** @param restS where to begin anew; undefined: with the next picture that joint states are there for. */
  #gap(restS: number | undefined, why: string, onGap: (why: string) => void): boolean {
    const had = this.#frameS > -Infinity;
    this.#nextS = undefined;
    this.#frameS = -Infinity;
    if (restS === undefined) this.#pictures.length = 0;
    else while ((this.#pictures[0]?.timeS ?? Infinity) < restS) this.#pictures.shift();
    const keepS = this.#pictures[0]?.timeS ?? Infinity;
    while (this.#joints.length > 1 && this.#joints[1]!.timeS <= keepS) this.#joints.shift();
    if (had) onGap(why);
    return this.#pictures.length > 0;
  }

  /** What lies before a time is not asked for again, but for the last of each. */
  #forget(timeS: number): void {
    for (const list of [this.#pictures, this.#joints, this.#commands] as Stamped<unknown>[][]) {
      const keep = list.findIndex((entry) => entry.timeS > timeS);
      list.splice(0, Math.max(0, (keep < 0 ? list.length : keep) - 1));
    }
  }
}
