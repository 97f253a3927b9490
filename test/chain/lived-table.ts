import { Random } from "../../sim/random.js";
import type { ChainOptions } from "../../src/chain/chain-finder.js";
import { experienceOf } from "./experience-of.js";
import { latentOfScene, PARTS, placeOf } from "./scenes.js";

export type Place = [number, number, number];
export const HOME: Place = [0.5, 0, 0.3];
export const HORIZON = 8;

/** Frames of taking a thing from one place to another, at most 4 cm a period; the other thing lies somewhere else. @param error of where the thing is seen while it is held, m. */
function carry(random: Random, thing: "narrow" | "wide", from: Place, to: Place, error: readonly [number, number] = [0, 0]): number[][] {
  const frames: number[][] = [];
  const other: Place = [random.uniform(0.35, 0.65), random.uniform(-0.2, 0.2), 0.03];
  const hand: Place = [...HOME];
  const at: Place = [...from];
  let opening = 0.08;
  const look = (): void => {
    const seen: Place = opening === 0.05 ? [at[0] + error[0], at[1] + error[1], at[2]] : at;
    const [narrow, wide] = thing === "narrow" ? [seen, other] : [other, seen];
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
/** The same with things that are seen beside the hand while they are in it. */
export const LIVED_WITH_ERRORS = experienceOf(Array.from({ length: 700 }, (_, i) =>
  carry(random, i % 2 === 0 ? "narrow" : "wide", spot(), spot(), [random.uniform(-0.008, 0.008), random.uniform(-0.008, 0.008)])));
/** The hand comes to a thing and away again; now and then it is seen elsewhere for a while, though nobody took it there. */
export const LIVED_WITH_JUMPS = experienceOf(Array.from({ length: 400 }, () => {
  const [from, to] = [spot(), spot()];
  return carry(random, "narrow", from, from).map((frame, i) => {
    const latent = Float32Array.from(frame);
    const { hand, narrow, wide } = { hand: placeOf(latent, "hand"), narrow: placeOf(latent, "narrow"), wide: placeOf(latent, "wide") } as Record<"hand" | "narrow" | "wide", Place>;
    return i < 14 ? frame : [...latentOfScene({ hand, opening: 0.08, narrow: [to[0], to[1], narrow[2]], wide })];
  });
}));
export const options = (more: Partial<ChainOptions> = {}): ChainOptions => ({ experience: LIVED, parts: PARTS, horizon: HORIZON, passBelow: 0.2, trustedBelow: 0.1, ...more });
export const scene = (narrow: Place, wide: Place): Float32Array => latentOfScene({ hand: HOME, opening: 0.08, narrow, wide });
export const apart = (a: Float32Array, b: Float32Array, what: "narrow" | "wide" | "hand"): number => Math.hypot(...placeOf(a, what).map((value, axis) => value - placeOf(b, what)[axis]!));
