/** What the entries of a latent mean: a bundle's `latent.readable`, in metres. */
export interface ReadableLatent {
  readonly names: readonly string[];
  readonly units: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A place in a latent: indices of its x, y and z. */
export type PlaceEntries = readonly [x: number, y: number, z: number];

/** A latent that is a hand and things that can be moved, each at a place. */
export interface LatentParts {
  readonly hand: PlaceEntries;
  /** Between the fingers. */
  readonly opening: number;
  /** At least one. */
  readonly things: readonly { readonly name: string; readonly place: PlaceEntries }[];
  readonly mean: readonly number[];
  /** Metres of an entry's 1. */
  readonly std: readonly number[];
}

/** Parts of a latent by the names of its entries (`tool_x`, `opening`, `narrow_x` …); undefined where they do not say so, or not in metres. */
export function latentParts(readable: ReadableLatent | undefined): LatentParts | undefined {
  if (readable === undefined || readable.units.some((unit) => unit !== "m")) return undefined;
  const { names, mean, std } = readable;
  const place = (what: string): PlaceEntries | undefined => {
    const entries = ["x", "y", "z"].map((axis) => names.indexOf(`${what}_${axis}`));
    return entries.some((entry) => entry < 0) ? undefined : entries as unknown as PlaceEntries;
  };
  const hand = place("tool");
  const opening = names.indexOf("opening");
  const things = names.flatMap((name) => {
    const what = name.endsWith("_x") ? name.slice(0, -2) : undefined;
    const entries = what === undefined || what === "tool" ? undefined : place(what);
    return entries === undefined ? [] : [{ name: what!, place: entries }];
  });
  if (hand === undefined || opening < 0 || things.length === 0 || names.length !== 4 + 3 * things.length) return undefined;
  return { hand, opening, things, mean, std };
}

/** Distance of two places that latents have, m. */
export function placeDistanceM({ std }: LatentParts, entries: PlaceEntries, a: Float32Array, b: Float32Array): number {
  return Math.hypot(...entries.map((entry) => (a[entry]! - b[entry]!) * std[entry]!));
}

/** Distance of two places of one latent, m. */
export function placesApartM({ mean, std }: LatentParts, latent: Float32Array, one: PlaceEntries, other: PlaceEntries): number {
  return Math.hypot(...one.map((entry, axis) => mean[entry]! + std[entry]! * latent[entry]! - mean[other[axis]!]! - std[other[axis]!]! * latent[other[axis]!]!));
}
