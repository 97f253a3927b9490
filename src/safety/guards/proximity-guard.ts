import type { HoldReason } from "../types.js";
import { ALLOWED, RETREAT_SCALE, assessInput } from "./assess-input.js";
import { centimetres } from "./centimetres.js";
import type { DistanceField } from "./distance-field.js";
import type { Guard, Motion, Verdict } from "./guard.js";
import { type ProximityThresholds, clearScale } from "./proximity-scale.js";
import { requireBelow, requireWithin } from "./threshold.js";

/** The way from the present to the rest is looked at in steps of this length, m, so that nobody jumps over a thin wall. */
const STEP_M = 0.02;
/** A way longer than this many steps is looked at in longer ones: the guard must not take long. */
const MOST_STEPS = 8;

/** Out of a violation, a motion is judged this far ahead (rad, m) at least: nearer, rounding hides where it leads. */
const LOOK_AHEAD = 1e-3;

/**
 * Keeps pairs of shapes apart: slower from a distance on, a halt when the motion would come to rest too near. Each pair is
 * judged alone, so that backing away from one thing does not excuse running into another. From within the halt distance only
 * motions that lead out, or no deeper in, are allowed, slowly; there all that is too near to one obstacle is judged by what is
 * deepest, as an arm that lies across a zone can hardly better every link at once.
 */
export class ProximityGuard implements Guard {
  readonly name: string;
  readonly #reason: HoldReason;
  readonly #field: DistanceField;
  readonly #thresholds: readonly ProximityThresholds[];
  readonly #reach: Float64Array;
  /** Number of the obstacle, or of the two links, of each pair. */
  readonly #group: Int32Array;
  readonly #groupNow: Float64Array;
  readonly #groupLeading: Float64Array;
  readonly #now: Float64Array;
  readonly #ahead: Float64Array;
  readonly #leading: Float64Array;
  readonly #offsetsNow: Float64Array;
  readonly #offsetsAtRest: Float64Array;
  readonly #offsets: Float64Array;
  readonly #positions: Float64Array;

  /**
   * @param thresholdsOf for each pair of the field.
   * @throws RangeError when thresholds cannot be used, naming the pair and the value.
   */
  constructor(
    name: string, reason: HoldReason, field: DistanceField, thresholdsOf: (pair: DistanceField["pairs"][number]) => ProximityThresholds,
  ) {
    this.name = name;
    this.#reason = reason;
    this.#field = field;
    this.#thresholds = field.pairs.map(thresholdsOf);
    for (const [i, { slowDownDistanceM, haltDistanceM }] of this.#thresholds.entries()) {
      const { first, second } = field.pairs[i]!;
      requireWithin(`halt distance of ${first} and ${second}`, haltDistanceM, 0, 10);
      requireWithin(`slow-down distance of ${first} and ${second}`, slowDownDistanceM, 0, 10);
      requireBelow(`halt distance of ${first} and ${second}`, haltDistanceM, "the slow-down distance", slowDownDistanceM);
    }
    const count = field.pairs.length;
    const groups = new Map<string, number>();
    this.#group = Int32Array.from(field.pairs, ({ kind, first, second }) => {
      const key = kind === "self" ? `${first}\n${second}` : second;
      if (!groups.has(key)) groups.set(key, groups.size);
      return groups.get(key)!;
    });
    [this.#groupNow, this.#groupLeading] = [new Float64Array(groups.size), new Float64Array(groups.size)];
    this.#reach = Float64Array.from(this.#thresholds, ({ slowDownDistanceM }) => slowDownDistanceM);
    [this.#now, this.#ahead, this.#leading] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
    [this.#offsetsNow, this.#offsetsAtRest, this.#offsets] = [new Float64Array(3 * count), new Float64Array(3 * count), new Float64Array(3 * count)];
    this.#positions = new Float64Array(field.jointNames.length);
  }

  assess(motion: Motion): Verdict {
    const early = assessInput(this.name, motion, this.#positions.length);
    if (early !== undefined) return early;
    this.#field.measure(motion.positions, this.#reach, this.#now, this.#offsetsNow);
    this.#field.measure(motion.rest, this.#reach, this.#ahead, this.#offsetsAtRest);
    this.#lookBetween(motion);
    let looked = false;
    let worst = -1;
    let least = 1;
    for (let pair = 0; pair < this.#thresholds.length; pair++) {
      const now = this.#now[pair]!;
      const ahead = this.#ahead[pair]!;
      const thresholds = this.#thresholds[pair]!;
      let scale: number;
      if (now <= thresholds.haltDistanceM) {
        if (!looked) this.#lookWhereItLeads(motion);
        looked = true;
        const group = this.#group[pair]!;
        scale = this.#groupLeading[group]! >= this.#groupNow[group]! ? RETREAT_SCALE : 0;
      } else if (!(ahead > thresholds.haltDistanceM)) {
        scale = 0;
      } else {
        scale = clearScale(now, ahead, this.#travel(pair), thresholds);
      }
      // Not a number is the worst there is.
      if (!(scale >= least)) {
        least = Number.isNaN(scale) ? 0 : scale;
        worst = pair;
      }
    }
    return worst < 0 ? ALLOWED : this.#verdict(worst, least);
  }

  /** Takes the least distance on the way to the rest into what lies ahead. */
  #lookBetween(motion: Motion): void {
    let travel = 0;
    for (let pair = 0; pair < this.#thresholds.length; pair++) travel = Math.max(travel, this.#travel(pair));
    const steps = Math.min(MOST_STEPS, Math.ceil(travel / STEP_M));
    for (let step = 1; step < steps; step++) {
      for (let j = 0; j < this.#positions.length; j++) {
        this.#positions[j] = motion.positions[j]! + (step / steps) * (motion.rest[j]! - motion.positions[j]!);
      }
      this.#field.measure(this.#positions, this.#reach, this.#leading, this.#offsets);
      for (let pair = 0; pair < this.#ahead.length; pair++) this.#ahead[pair] = Math.min(this.#ahead[pair]!, this.#leading[pair]!);
    }
  }

  /** Least distances on the motion's way; of a very short one, those a little farther on. */
  #lookWhereItLeads({ positions, velocities, rest }: Motion): void {
    let way = 0;
    let speed = 0;
    for (let j = 0; j < this.#positions.length; j++) {
      way = Math.max(way, Math.abs(rest[j]! - positions[j]!));
      speed = Math.max(speed, Math.abs(velocities[j]!));
    }
    if (way >= LOOK_AHEAD) this.#leading.set(this.#ahead);
    else {
      for (let j = 0; j < this.#positions.length; j++) {
        const direction = way > 0 ? (rest[j]! - positions[j]!) / way : velocities[j]! / speed;
        this.#positions[j] = positions[j]! + direction * LOOK_AHEAD;
      }
      this.#field.measure(this.#positions, this.#reach, this.#leading, this.#offsets);
    }
    this.#groupNow.fill(Infinity);
    this.#groupLeading.fill(Infinity);
    for (let pair = 0; pair < this.#group.length; pair++) {
      const group = this.#group[pair]!;
      this.#groupNow[group] = Math.min(this.#groupNow[group]!, this.#now[pair]!);
      this.#groupLeading[group] = Math.min(this.#groupLeading[group]!, this.#leading[pair]!);
    }
  }

  /** How far the shapes of a pair move with respect to each other, m. */
  #travel(pair: number): number {
    const i = 3 * pair;
    const x = this.#offsetsAtRest[i]! - this.#offsetsNow[i]!;
    const y = this.#offsetsAtRest[i + 1]! - this.#offsetsNow[i + 1]!;
    const z = this.#offsetsAtRest[i + 2]! - this.#offsetsNow[i + 2]!;
    return Math.sqrt(x * x + y * y + z * z);
  }

  #verdict(pair: number, scale: number): Verdict {
    const { kind, first, second } = this.#field.pairs[pair]!;
    const { haltDistanceM, slowDownDistanceM } = this.#thresholds[pair]!;
    const other = kind === "keep_out" ? `the keep-out zone "${second}"` : kind === "scene" ? `"${second}"` : second;
    const now = this.#now[pair]!;
    const nearest = Math.min(now, this.#ahead[pair]!);
    const where = now <= haltDistanceM ? `${first} is ${describe(now, other)}` : `${first} would come ${describe(nearest, other)}`;
    return {
      scale, reason: this.#reason,
      sentence: `${scale > 0 ? "Slowed" : "Holding"}: ${where} (slower from ${centimetres(slowDownDistanceM)}, halt at ${centimetres(haltDistanceM)}).`,
    };
  }
}

function describe(distance: number, other: string): string {
  return distance < 0 ? `${centimetres(-distance)} deep into ${other}` : `within ${centimetres(distance)} of ${other}`;
}
