import type { Controller } from "./controller.js";
import type { VisitPlanning } from "./visit-planning.js";

export interface ToolVisitsOptions {
  readonly controller: Controller;
  /** The controller's own. */
  readonly planning: VisitPlanning;
  /** Lets a little time pass: in a simulation a period, on a robot some milliseconds. */
  readonly wait: () => Promise<void>;
  /** The controller's clock, s. */
  readonly clock: () => number;
  /** Time that a visit may take, s. Default 20. */
  readonly timeoutS?: number;
  /** How long the robot has to stand before anything is looked at, s: the newest picture must be of a robot at rest. Default 0.8. */
  readonly settleS?: number;
}

/** So near a place counts as visited, m: where the tool is then, the joints say. */
const NEAR_M = 0.008;

/** Brings the tool to places, one after the other, through the controller and all that watches it. */
export class ToolVisits {
  readonly #options: ToolVisitsOptions;
  /** The goal that is gone for, or was last. */
  #goal: string | undefined;

  constructor(options: ToolVisitsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the robot stands at the place.
   *
   * @param place x, y, z in the frame of the controller's states, m. @param name for messages.
   * @throws Error with a sentence when it does not get there: the robot brakes or holds then, for the reason that is in the sentence.
   */
  async goTo(place: readonly number[], name: string): Promise<void> {
    const { controller, planning, wait, clock, timeoutS = 20, settleS = 0.8 } = this.#options;
    const goal = `visit: ${name}`;
    this.#goal = goal;
    await controller.setGoals(goal, [{ name: goal, latent: planning.visit(place).latent }], { reachedBelow: NEAR_M });
    const endS = clock() + timeoutS;
    let stoodSinceS: number | undefined;
    for (;;) {
      await wait();
      const { state, final, sentence, goalName } = controller.status;
      if (goalName !== goal) throw new Error(`${name}: interrupted (${sentence})`);
      if (state === "stopped" || (final && state !== "reached")) throw new Error(`${name}: ${sentence}`);
      const nowS = clock();
      stoodSinceS = state === "reached" && controller.standing ? stoodSinceS ?? nowS : undefined;
      if (stoodSinceS !== undefined && nowS - stoodSinceS >= settleS) return;
      if (nowS > endS) {
        controller.clearGoal();
        throw new Error(`${name}: not there within ${timeoutS} s (${sentence})`);
      }
    }
  }

  /** Ends what is left of a visit: the robot brakes, or stands already. A goal of somebody else that came between is not touched. */
  end(): void {
    const { controller } = this.#options;
    if (this.#goal !== undefined && controller.status.goalName === this.#goal) controller.clearGoal();
  }
}
