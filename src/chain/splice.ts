import type { LatentParts, PlaceEntries } from "./latent-parts.js";

export interface SpliceOptions {
  readonly parts: LatentParts;
  /** Index of the thing that is handled. */
  readonly thing: number;
  /** Latents of the frames of the path, [latentDim] each; at least one. */
  readonly frames: readonly Float32Array[];
  /** Which piece of experience each frame is of. */
  readonly pieces: readonly number[];
  /** How the scene is before, [latentDim]: where the thing lies, and where the others stay. */
  readonly before: Float32Array;
  /** How it is to be afterwards; its thing's place counts. */
  readonly after: Float32Array;
  /** The hand takes the thing so far along x and y from where it is seen, m. Default: there. */
  readonly aside?: readonly [number, number];
}

/** From picture to picture a thing at rest is seen to move by less than this, m. */
const REST_M = 0.012;

/**
 * Pieces of experience, joined into one path in the present scene: the other things are where they are now, as what happens to one thing does not depend on those that
 * nobody touches (local causal models, Pitis et al. 2020, section 3); and thing and hand are shifted along the table together, as what a hand does to a
 * thing does not depend on where on the table it does it. The shift is such that the path begins where the thing lies and ends where it is to be: pieces are joined without a jump of
 * the thing, and what is missing in the end is made up for while the thing moves.
 *
 * @returns latents, [latentDim] each.
 */
export function splice({ parts, thing, frames, pieces, before, after, aside = [0, 0] }: SpliceOptions): Float32Array[] {
  const { place } = parts.things[thing]!;
  const along = [0, 1] as const;
  const at = (latent: Float32Array, axis: 0 | 1): number => inMetres(parts, place, latent, axis);
  const offsets: [number, number][] = [];
  const travelled: number[] = [];
  const offset: [number, number] = [at(before, 0) + aside[0] - at(frames[0]!, 0), at(before, 1) + aside[1] - at(frames[0]!, 1)];
  let way = 0;
  for (const [i, frame] of frames.entries()) {
    const last = frames[i - 1];
    if (last !== undefined) {
      const step = along.map((axis) => at(frame, axis) - at(last, axis));
      const lifted = Math.abs(frame[place[2]]! - last[place[2]]!) * parts.std[place[2]]!;
      if (pieces[i] !== pieces[i - 1]) for (const axis of along) offset[axis] -= step[axis]!;
      else if (Math.hypot(step[0]!, step[1]!, lifted) > REST_M) way += Math.hypot(step[0]!, step[1]!, lifted);
    }
    offsets.push([...offset]);
    travelled.push(way);
  }
  const end = frames.at(-1)!;
  const missing = along.map((axis) => at(after, axis) - at(end, axis) - offsets.at(-1)![axis]);
  return frames.map((frame, i) => {
    const latent = Float32Array.from(before);
    for (const entry of [...parts.hand, parts.opening, ...place]) latent[entry] = frame[entry]!;
    const share = way === 0 ? 1 : travelled[i]! / way;
    for (const axis of along) {
      const shiftM = offsets[i]![axis] + share * missing[axis]!;
      for (const entries of [parts.hand, place]) latent[entries[axis]]! += shiftM / parts.std[entries[axis]]!;
    }
    // Where it lies before it is taken, it is seen now.
    if (travelled[i] === 0 && way > 0) for (const entry of place) latent[entry] = before[entry]!;
    return latent;
  });
}

function inMetres({ mean, std }: LatentParts, place: PlaceEntries, latent: Float32Array, axis: 0 | 1): number {
  const entry = place[axis];
  return mean[entry]! + std[entry]! * latent[entry]!;
}
