import { errorCodeOf, GOAL_ERROR } from "./goal-error-code.js";

import type { ControllerStatus } from "../control/status.js";
import type { HoldReason } from "../safety/types.js";
import type { GoalEnd } from "./goal-order.js";

export interface GoalWatchOptions {
  /** Time after which the goal is given up, s; Infinity: none. */
  readonly timeoutS: number;
  /** How long a hold may last before the goal is given up, s; negative: as long as it can still end by itself. */
  readonly failureToleranceS: number;
}

/** Decides when a goal of the action has ended. Seconds are on a clock that never stops nor goes back. */
export class GoalWatch {
  readonly #options: GoalWatchOptions;
  readonly #startS: number;
  #holdingSinceS: number | undefined;

  constructor(nowS: number, options: GoalWatchOptions) {
    this.#startS = nowS;
    this.#options = options;
  }

  /** Time since acceptance, s. */
  elapsedS(nowS: number): number {
    return nowS - this.#startS;
  }

  /** Judges a goal that does not have the robot: it is being prepared, or paused. Only its time can be over. */
  judgeWaiting(nowS: number): GoalEnd | undefined {
    this.#holdingSinceS = undefined;
    return this.#late(nowS);
  }

  /** Judges the goal that has the robot. @returns how it ended, or undefined while it goes on. */
  judge(status: ControllerStatus, nowS: number): GoalEnd | undefined {
    switch (status.state) {
      case "reached":
        return { code: GOAL_ERROR.none, message: "" };
      case "stopped":
        return { code: errorCodeOf(status.holdReason ?? "stopped_by_user"), message: status.sentence };
      case "idle":
        return { code: GOAL_ERROR.internal, message: "The controller has lost the goal." };
      case "planning":
        return this.judgeWaiting(nowS);
      case "waiting_for_inputs":
      case "holding": {
        this.#holdingSinceS ??= nowS;
        const { failureToleranceS } = this.#options;
        const tolerated = nowS - this.#holdingSinceS < failureToleranceS;
        // A hold whose reason the solver tries to get over ends by itself, one way or the other.
        const over = status.final ? !tolerated : !tolerated && failureToleranceS >= 0 && !isRetried(status);
        if (over) {
          return { code: errorCodeOf(status.holdReason ?? "internal_error"), message: status.sentence };
        }
        return this.#late(nowS);
      }
    }
  }

  #late(nowS: number): GoalEnd | undefined {
    const { timeoutS } = this.#options;
    return this.elapsedS(nowS) < timeoutS ? undefined : { code: GOAL_ERROR.timeout, message: `Not reached within ${timeoutS} s.` };
  }
}

/** Faults of plans and commands, which the controller tries again from a cold start a limited number of times. */
const RETRIED: ReadonlySet<HoldReason> = new Set([
  "plan_not_finite", "plan_not_improving", "command_not_finite", "joint_out_of_bounds", "tracking_error", "internal_error",
]);

function isRetried({ holdReason }: ControllerStatus): boolean {
  return holdReason !== undefined && RETRIED.has(holdReason);
}
