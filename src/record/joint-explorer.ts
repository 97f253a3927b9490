import type { ClearPostures } from "../robot/clear-postures.js";

export interface JointExplorerOptions {
  readonly postures: ClearPostures;
  /** Largest change of each joint in one action, rad (m). */
  readonly maxDelta: readonly number[];
  /** Draws from 0 to 1. */
  readonly uniform: () => number;
  /** Share of the largest change that is used at most, in (0, 1]. Default 1. */
  readonly gentleness?: number;
}

/** Share of legs that go to a posture near the present one: small movements, too, have to be in the data. */
const NEARBY_SHARE = 0.4;
/** How far joints go in such a leg, as a share of their range. */
const NEARBY_REACH = 0.12;
/** Periods in which a leg that does not get on is given up. */
const PATIENCE = 4;
/** A posture is there when no joint has more than this share of its largest change left. */
const THERE = 0.2;

/**
 * Moves an arm about by its joints: from one clear posture to the next, in straight lines in joint space, at a speed and with a jitter that are drawn for each leg;
 * now and then it stands for a while. No task and no reward. What lies in between two clear postures may not be clear: that is the guards' business, and a leg
 * that does not get on is left.
 */
export class JointExplorer {
  readonly #options: JointExplorerOptions;
  #target: Float64Array | undefined;
  #speed = 1;
  #noise = 0;
  #waits = 0;
  #stuck = 0;
  #left = Infinity;

  constructor(options: JointExplorerOptions) {
    this.#options = options;
  }

  /** @param setpoint where the joints were sent, [joints]. @returns joint deltas of one period, [joints] (rad, m). */
  next(setpoint: ArrayLike<number>): Float32Array {
    const { maxDelta, uniform, gentleness = 1 } = this.#options;
    if (this.#waits > 0) {
      this.#waits--;
      return new Float32Array(maxDelta.length);
    }
    this.#target ??= this.#leg(setpoint);
    const target = this.#target;
    // In units of what one action can do at most: the joint with the longest way sets the pace, so that the way is straight.
    const left = maxDelta.map((most, j) => (target[j]! - setpoint[j]!) / most);
    const longest = Math.max(...left.map(Math.abs));
    this.#stuck = longest < this.#left - 0.02 ? 0 : this.#stuck + 1;
    this.#left = longest;
    if (longest < THERE || this.#stuck > PATIENCE) {
      this.#target = undefined;
      if (uniform() < 0.25) this.#waits = Math.floor(3 * uniform());
    }
    const share = Math.min(1, this.#speed / Math.max(longest, 1e-9));
    return Float32Array.from(maxDelta, (most, j) => gentleness * most * Math.min(1, Math.max(-1, share * left[j]! + this.#noise * (2 * uniform() - 1))));
  }

  #leg(from: ArrayLike<number>): Float64Array {
    const { postures, maxDelta, uniform } = this.#options;
    this.#speed = 0.3 + 0.7 * uniform();
    this.#noise = uniform() < 0.4 ? 0 : 0.3 * uniform();
    this.#stuck = 0;
    this.#left = Infinity;
    if (uniform() < NEARBY_SHARE) {
      for (let tries = 0; tries < 20; tries++) {
        const near = Float64Array.from(maxDelta, (_, j) => {
          const [low, high] = postures.range(j);
          return Math.min(high, Math.max(low, from[j]! + NEARBY_REACH * (high - low) * (2 * uniform() - 1)));
        });
        if (postures.isClear(near)) return near;
      }
    }
    return postures.draw(uniform);
  }
}
