import type { Random } from "./random.js";

/** Share of draws that ignore what the elites did, so that no switch dies out. */
const UNIFORM_SHARE = 0.15;
/** How much likelier than each switch it is, before anything is known, that nothing is switched. */
const STAY_WEIGHT = 3;

/**
 * Over how a dimension that is either low or high goes through a horizon with at most one switch, such as a gripper: it begins low
 * or high, and changes over at a step or never. Independent noise a step would open and close it all the time.
 */
export class SwitchDistribution {
  readonly #horizon: number;
  /** Of beginning low (first half) or high (second half) and changing over before step k = 1 … horizon; k = horizon is never. */
  readonly #weights: Float64Array;

  constructor(horizon: number) {
    this.#horizon = horizon;
    this.#weights = new Float64Array(2 * horizon);
    this.forget();
  }

  forget(): void {
    this.#weights.fill(1);
    this.#weights[this.#horizon - 1] = this.#weights[2 * this.#horizon - 1] = STAY_WEIGHT;
  }

  /** Moves the switches `steps` steps nearer; those that are past begin on the other side. */
  shift(steps: number): void {
    const horizon = this.#horizon;
    const before = this.#weights.slice();
    this.#weights.fill(0);
    before.forEach((weight, i) => {
      const high = i >= horizon;
      const k = (i % horizon) + 1;
      const never = k === horizon;
      const past = !never && k <= steps;
      const beginsHigh = past ? !high : high;
      const left = never || past ? horizon : k - steps;
      this.#weights[(beginsHigh ? horizon : 0) + left - 1]! += weight;
    });
  }

  /** A drawn sequence, as the index that `isHigh` understands. */
  draw(random: Random): number {
    const count = this.#weights.length;
    if (random.uniform() < UNIFORM_SHARE) return Math.floor(random.uniform() * count);
    let sum = 0;
    for (const weight of this.#weights) sum += weight;
    let left = random.uniform() * sum;
    for (let i = 0; i < count; i++) {
      left -= this.#weights[i]!;
      if (left < 0) return i;
    }
    return count - 1;
  }

  /** The sequence of most weight. */
  mode(): number {
    let best = 0;
    for (let i = 1; i < this.#weights.length; i++) if (this.#weights[i]! > this.#weights[best]!) best = i;
    return best;
  }

  /** Whether a sequence is high at a step. */
  isHigh(sequence: number, step: number): boolean {
    const beginsHigh = sequence >= this.#horizon;
    return step < (sequence % this.#horizon) + 1 ? beginsHigh : !beginsHigh;
  }

  /**
   * Takes the sequences of the elites as the new weights.
   * @param high whether elite e is high at a step, from `firstFree` on. @param weight how strongly elite e counts; default: all alike.
   */
  refit(elites: number, firstFree: number, high: (elite: number, step: number) => boolean, weight: (elite: number) => number = () => 1): void {
    this.#weights.fill(0);
    for (let e = 0; e < elites; e++) this.#weights[this.nearest(firstFree, (step) => high(e, step))]! += weight(e);
  }

  /** A sequence whose switch is `steps` later (or, below 0, earlier), as far as that is after `firstFree`; one without a switch may get one from its end. */
  moved(sequence: number, steps: number, firstFree: number): number {
    const k = (sequence % this.#horizon) + 1 + steps;
    const kept = Math.min(this.#horizon, Math.max(firstFree + 1, k));
    return (sequence >= this.#horizon ? this.#horizon : 0) + kept - 1;
  }

  /** The sequence that begins at `firstFree` as `high` says and changes over where `high` first does. */
  nearest(firstFree: number, high: (step: number) => boolean): number {
    const first = high(firstFree);
    let k = firstFree + 1;
    while (k < this.#horizon && high(k) === first) k++;
    return (first ? this.#horizon : 0) + k - 1;
  }
}
