import type { PlanTicket } from "./pending-plan.js";

/**
 * Which action comes next. Its clock is actions sent, not seconds: after a hold a plan goes on where it was, because the robot
 * did not move meanwhile.
 */
export class ActionQueue {
  readonly #actionDim: number;
  readonly #maxLateActions: number;
  #sent = 0;
  #actions: Float32Array | undefined;
  /** Actions sent before the plan's first one. */
  #sentBefore = 0;
  /** Index of the first action taken from the plan. */
  #firstIndex = 0;

  /** @param maxLateActions actions a plan may give beyond the first, while the next plan is late. */
  constructor(actionDim: number, maxLateActions: number) {
    this.#actionDim = actionDim;
    this.#maxLateActions = maxLateActions;
  }

  /** Actions sent, rests included. */
  get sent(): number {
    return this.#sent;
  }

  /** Follows a new plan, row-major [horizon, actionDim]; what was sent since it was asked for is skipped. */
  adopt(actions: Float32Array, { sentBefore }: PlanTicket): void {
    this.#actions = actions;
    this.#sentBefore = sentBefore;
    this.#firstIndex = this.#sent - sentBefore;
  }

  /** The next action [actionDim], or undefined when there is no plan or it may not be followed any further. */
  next(): Float32Array | undefined {
    const index = this.#sent - this.#sentBefore;
    if (this.#actions === undefined || index - this.#firstIndex > this.#maxLateActions) return undefined;
    const action = this.#actions.slice(index * this.#actionDim, (index + 1) * this.#actionDim);
    return action.length === this.#actionDim ? action : undefined;
  }

  /** Counts an action that was sent. */
  advance(): void {
    this.#sent++;
  }

  /** Forgets the plan. */
  clear(): void {
    this.#actions = undefined;
  }
}
