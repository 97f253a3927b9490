import type { CollisionField } from "./collision-field.js";
import { pairKey } from "./pair-key.js";
import type { JointLimits } from "./types.js";

/** What random configurations say of two links. */
export interface SampledContacts {
  /** Share of the configurations in which they touch, 0..1. */
  readonly contactShare: number;
  /** Whether they were ever farther apart than the margin. */
  readonly everClear: boolean;
}

const SAMPLES = 1000;

/**
 * Looks at a thousand configurations spread over the joint limits, the same ones at every start.
 *
 * @param marginM distance from which on two links count as clear of each other. @returns by pairKey() of the links.
 */
export function sampleContacts(field: CollisionField, limits: readonly JointLimits[], marginM: number): Map<string, SampledContacts> {
  const keys = field.pairs.map(pairKey);
  const found = new Map(keys.map((key) => [key, { touching: 0, everClear: false, nearest: Infinity }]));
  const distances = new Float64Array(keys.length);
  const offsets = new Float64Array(3 * keys.length);
  const reach = new Float64Array(keys.length).fill(marginM);
  const positions = new Float64Array(limits.length);
  const uniform = mulberry32(1);
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const [j, { lower, upper }] of limits.entries()) {
      const [low, high] = [Math.max(lower, -Math.PI), Math.min(upper, Math.PI)];
      positions[j] = Number.isFinite(lower) && Number.isFinite(upper) ? lower + (upper - lower) * uniform() : low + (high - low) * uniform();
    }
    field.measure(positions, reach, distances, offsets);
    for (const entry of found.values()) entry.nearest = Infinity;
    keys.forEach((key, pair) => {
      const entry = found.get(key)!;
      entry.nearest = Math.min(entry.nearest, distances[pair]!);
    });
    for (const entry of found.values()) {
      if (entry.nearest <= 0) entry.touching++;
      if (entry.nearest >= marginM) entry.everClear = true;
    }
  }
  return new Map([...found].map(([key, { touching, everClear }]) => [key, { contactShare: touching / SAMPLES, everClear }]));
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
