import { type Clearance, clearanceTo, type KeepOutShape } from "./keep-out-shape.js";
import { toolIndices } from "./proprioception.js";
import { softBarrier } from "./soft-barrier.js";
import type { ObjectiveTerm, ScoredRollouts, TermContext } from "./types.js";

/** Most points at which one step's way is looked at. */
const MAX_POINTS_A_STEP = 16;

/**
 * Predicted tool positions in or near zones: mean over steps of the barrier, added up over the zones, each at the nearest point of the step's way. The
 * way is looked at every half margin, so that a step does not jump over a thin zone. It is the tool's point that is judged, not the hand's or
 * the arm's volume: `src/safety/` is what keeps commands out.
 */
export class KeepOut implements ObjectiveTerm {
  readonly name = "keep_out";
  readonly needsStates = true;
  readonly #clearances: readonly Clearance[];
  readonly #marginM: number;
  #tool: [number, number, number] = [0, 1, 2];

  /** @param marginM how far from a zone the cost begins, above 0. @throws RangeError when a shape or the margin makes no sense. */
  constructor(shapes: readonly KeepOutShape[], marginM: number) {
    if (!(marginM > 0 && Number.isFinite(marginM))) throw new RangeError(`keep-out margin is ${marginM} m: must be above 0`);
    this.#clearances = shapes.map(clearanceTo);
    this.#marginM = marginM;
  }

  initialize(context: TermContext): void {
    this.#tool = toolIndices(context, this.name);
  }

  score({ count, horizon, stateDim, from, to, states, start }: ScoredRollouts, costs: Float64Array): void {
    const [ix, iy, iz] = this.#tool;
    const steps = Math.max(1, to - from);
    for (let c = 0; c < count; c++) {
      const row = c * horizon * stateDim;
      const before = from > 0 ? states! : start.state;
      const at = from > 0 ? row + (from - 1) * stateDim : 0;
      let x = before[at + ix]!;
      let y = before[at + iy]!;
      let z = before[at + iz]!;
      let sum = 0;
      for (let h = from; h < to; h++) {
        const next = row + h * stateDim;
        const nx = states![next + ix]!;
        const ny = states![next + iy]!;
        const nz = states![next + iz]!;
        sum += this.#costOfWay(x, y, z, nx, ny, nz);
        x = nx;
        y = ny;
        z = nz;
      }
      costs[c] = sum / steps;
    }
  }

  /** The way's beginning belongs to the step before. */
  #costOfWay(x: number, y: number, z: number, nx: number, ny: number, nz: number): number {
    const margin = this.#marginM;
    const length = Math.sqrt((nx - x) ** 2 + (ny - y) ** 2 + (nz - z) ** 2);
    if (!Number.isFinite(length)) return NaN;
    const points = Math.min(MAX_POINTS_A_STEP, Math.max(1, Math.ceil((2 * length) / margin)));
    let cost = 0;
    for (const clearance of this.#clearances) {
      let nearest = clearance(nx, ny, nz);
      // A zone further away than the way is long and the margin wide is not reached in between.
      if (nearest < length + margin) {
        for (let k = 1; k < points; k++) {
          const t = k / points;
          nearest = Math.min(nearest, clearance(x + t * (nx - x), y + t * (ny - y), z + t * (nz - z)));
        }
      }
      cost += softBarrier(nearest, margin);
    }
    return cost;
  }
}
