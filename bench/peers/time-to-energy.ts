import type { Point } from "./measure.js";

/** Milliseconds of the first budget whose answer has at most `energy`; undefined when none has. */
export function timeToEnergy(points: readonly Point[], energy: number): number | undefined {
  return points.find((point) => point.energy <= energy)?.ms;
}

/** How much faster one is than the other to the energy that the other ends with. */
export interface Race {
  /** Of the other: to the energy that its largest budget ends with, by whichever budget had it first. */
  readonly peerMs: number;
  /** Undefined: not with its largest budget. */
  readonly ownMs: number | undefined;
}

export function race(own: readonly Point[], peer: readonly Point[]): Race {
  const { energy } = peer.at(-1)!;
  return { peerMs: timeToEnergy(peer, energy)!, ownMs: timeToEnergy(own, energy) };
}

/** Times as fast; 0 where the energy was not reached. */
export function speedUp({ peerMs, ownMs }: Race): number {
  return ownMs === undefined ? 0 : peerMs / ownMs;
}

/** How far an energy is from the lowest known one, as a share of the way from standing still. */
export function gap(energy: number, { lowest, start }: { readonly lowest: number; readonly start: number }): number {
  return (energy - lowest) / Math.max(start - lowest, Number.EPSILON);
}
