import { Random } from "../../sim/random.js";
import type { ChainOptions } from "../../src/chain/chain-finder.js";
import { experienceOf } from "./experience-of.js";
import { latentOfScene, PARTS, placeOf } from "./scenes.js";

export type Place = [number, number, number];
export const HOME: Place = [0.5, 0, 0.3];
export const HORIZON = 8;

/** Frames of taking a thing from one place to another, at most 4 cm a period; the other thing lies somewhere else. */
function carry(random: Random, thing: "narrow" | "wide", from: Place, to: Place): number[][] {
  const frames: number[][] = [];
  const other: Place = [random.uniform(0.35, 0.65), random.uniform(-0.2, 0.2), 0.03];
  const hand: Place = [...HOME];
  const at: Place = [...from];
  let opening = 0.08;
  const look = (): void => {
    const [narrow, wide] = thing === "narrow" ? [at, other] : [other, at];
    frames.push([...latentOfScene({ hand, opening, narrow, wide })]);
  };
  const go = (target: Place, holding: boolean): void => {
    for (let left = Infinity; left > 1e-6;) {
      const way = target.map((value, axis) => value - hand[axis]!);
      left = Math.hypot(...way);
      const share = Math.min(1, 0.04 / Math.max(left, 1e-9));
      way.forEach((value, axis) => { hand[axis]! += share * value; });
      if (holding) hand.forEach((value, axis) => { at[axis] = value; });
      look();
    }
  };
  look();
  go([from[0], from[1], 0.15], false);
  go(from, false);
  opening = 0.05;
  look();
  go([from[0], from[1], 0.15], true);
  go([to[0], to[1], 0.15], true);
  go(to, true);
  opening = 0.08;
  look();
  go(HOME, false);
  return frames;
}

const random = new Random(11);
const spot = (): Place => [random.uniform(0.36, 0.64), random.uniform(-0.2, 0.2), 0.03];
export const LIVED = experienceOf(Array.from({ length: 700 }, (_, i) => carry(random, i % 2 === 0 ? "narrow" : "wide", spot(), spot())));
export const options = (more: Partial<ChainOptions> = {}): ChainOptions => ({ experience: LIVED, parts: PARTS, horizon: HORIZON, passBelow: 0.2, trustedBelow: 0.1, ...more });
export const scene = (narrow: Place, wide: Place): Float32Array => latentOfScene({ hand: HOME, opening: 0.08, narrow, wide });
export const apart = (a: Float32Array, b: Float32Array, what: "narrow" | "wide" | "hand"): number => Math.hypot(...placeOf(a, what).map((value, axis) => value - placeOf(b, what)[axis]!));
