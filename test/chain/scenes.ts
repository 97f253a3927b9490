import { type LatentParts, latentParts, type ReadableLatent } from "../../src/chain/latent-parts.js";

type Place = readonly [number, number, number];

export interface Scene {
  readonly hand: Place;
  readonly opening: number;
  readonly narrow: Place;
  readonly wide: Place;
}

const NAMES = ["tool_x", "tool_y", "tool_z", "opening", "narrow_x", "narrow_y", "narrow_z", "wide_x", "wide_y", "wide_z"];

/** A latent as the shipped bundle has it, with numbers of its own. */
export const READABLE: ReadableLatent = {
  names: NAMES, units: NAMES.map(() => "m"), mean: NAMES.map((_, i) => 0.1 + 0.01 * i), std: NAMES.map((_, i) => 0.05 + 0.01 * (i % 3)),
};

export const PARTS: LatentParts = latentParts(READABLE)!;

export function latentOfScene({ hand, opening, narrow, wide }: Scene): Float32Array {
  return Float32Array.from([...hand, opening, ...narrow, ...wide], (value, i) => (value - READABLE.mean[i]!) / READABLE.std[i]!);
}

/** m */
export function placeOf(latent: Float32Array, what: "hand" | "narrow" | "wide"): number[] {
  const first = { hand: 0, narrow: 4, wide: 7 }[what];
  return [0, 1, 2].map((axis) => READABLE.mean[first + axis]! + READABLE.std[first + axis]! * latent[first + axis]!);
}
