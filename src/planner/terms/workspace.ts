import { toolIndices } from "./proprioception.js";
import { softBarrier } from "./soft-barrier.js";
import type { ObjectiveTerm, ScoredRollouts, TermContext } from "./types.js";

export interface WorkspaceOptions {
  /** Corners of the box in the base frame, m. */
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
  /** How far inside the border the cost begins, m, above 0. */
  readonly marginM: number;
}

/** Predicted tool positions near the border of a box or beyond it: mean over steps of the barrier at the nearest side. */
export class Workspace implements ObjectiveTerm {
  readonly name = "workspace";
  readonly needsStates = true;
  readonly #options: WorkspaceOptions;
  #tool: [number, number, number] = [0, 1, 2];

  /** @throws RangeError when the box is empty or the margin is not above 0. */
  constructor(options: WorkspaceOptions) {
    if (!(options.marginM > 0)) throw new RangeError(`workspace margin is ${options.marginM} m: must be above 0`);
    options.low.forEach((low, axis) => {
      if (!(low < options.high[axis]!)) throw new RangeError(`workspace has the corner ${low} not below ${options.high[axis]} on axis ${"xyz"[axis]}`);
    });
    this.#options = options;
  }

  initialize(context: TermContext): void {
    this.#tool = toolIndices(context, this.name);
  }

  score({ count, horizon, stateDim, from, to, states }: ScoredRollouts, costs: Float64Array): void {
    const { low, high, marginM } = this.#options;
    const steps = Math.max(1, to - from);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let h = from; h < to; h++) {
        const at = (c * horizon + h) * stateDim;
        let clearance = Infinity;
        for (let axis = 0; axis < 3; axis++) {
          const place = states![at + this.#tool[axis]!]!;
          clearance = Math.min(clearance, place - low[axis]!, high[axis]! - place);
        }
        sum += softBarrier(clearance, marginM);
      }
      costs[c] = sum / steps;
    }
  }
}
