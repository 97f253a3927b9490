import { gripperIndex, stateIndices } from "./proprioception.js";
import type { ObjectiveTerm, ScoredRollouts, TermContext } from "./types.js";

/** Of pressing against one whole opening or closing a step. */
const PRESSING_SHARE = 0.1;

/**
 * Use of the gripper: mean over steps of |g_h - g_{h-1}| (a change from closed to open is 1), plus a tenth of how far the command lies below
 * the opening that the fingers have at the start, as a share of the full one: fingers round an object press by that much.
 */
export class GripperEffort implements ObjectiveTerm {
  readonly name = "gripper_effort";
  #gripper = 0;
  #opening = 0;
  #low = 0;
  #range = 1;
  #fullOpeningM: number | undefined;

  initialize(context: TermContext): void {
    this.#gripper = gripperIndex(context);
    if (this.#gripper < 0) throw new Error(`objective term ${this.name} needs an action called gripper, the bundle has ${context.actionNames.join(", ")}`);
    this.#opening = stateIndices(context, ["gripper_opening"], this.name)[0]!;
    this.#low = context.low[this.#gripper]!;
    this.#range = context.high[this.#gripper]! - this.#low;
    this.#fullOpeningM = context.fullOpeningM;
  }

  score({ count, horizon, actionDim, from, to, actions, start }: ScoredRollouts, costs: Float64Array): void {
    const openShare = this.#fullOpeningM === undefined ? 0 : start.state[this.#opening]! / this.#fullOpeningM;
    const steps = Math.max(1, to - from);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      for (let h = from; h < to; h++) {
        const at = (c * horizon + h) * actionDim + this.#gripper;
        const place = (actions[at]! - this.#low) / this.#range;
        if (h > 0) sum += Math.abs(actions[at]! - actions[at - actionDim]!) / this.#range;
        sum += PRESSING_SHARE * Math.max(0, openShare - place);
      }
      costs[c] = sum / steps;
    }
  }
}
