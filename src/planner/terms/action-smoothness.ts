import { gripperIndex } from "./proprioception.js";
import type { ObjectiveTerm, ScoredRollouts, TermContext } from "./types.js";

/**
 * How much an action differs from the one before: mean over steps and dimensions of ((a_h - a_{h-1}) / (high - low))². The first step is
 * compared with the last action that was decided, where there is one. The gripper is left to its own term.
 */
export class ActionSmoothness implements ObjectiveTerm {
  readonly name = "action_smoothness";
  #dims: number[] = [];
  #scales = new Float64Array(0);

  initialize(context: TermContext): void {
    const gripper = gripperIndex(context);
    this.#dims = context.actionNames.map((_, a) => a).filter((a) => a !== gripper && context.high[a]! > context.low[a]!);
    this.#scales = Float64Array.from(this.#dims, (a) => 1 / (context.high[a]! - context.low[a]!));
  }

  score({ count, horizon, actionDim, from, to, actions }: ScoredRollouts, costs: Float64Array): void {
    const first = Math.max(1, from);
    const dims = this.#dims.length;
    const share = 1 / Math.max(1, (to - from) * dims);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let h = first; h < to; h++) {
        const at = (c * horizon + h) * actionDim;
        for (let d = 0; d < dims; d++) {
          const a = at + this.#dims[d]!;
          const change = (actions[a]! - actions[a - actionDim]!) * this.#scales[d]!;
          sum += change * change;
        }
      }
      costs[c] = sum * share;
    }
  }
}
