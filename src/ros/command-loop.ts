import { Periodic } from "./periodic.js";

import type { Controller } from "../control/controller.js";
import type { CommandOutput } from "./command-output.js";
import type { ControlClock } from "./control-clock.js";
import type { RosNode } from "./ros-node.js";

/** A cycle that comes later than so many periods after the last had no command sent in time. */
const LATE_PERIODS = 1.5;

/**
 * Looks at the motion under way and sends forward commands at a fixed rate, from configure to cleanup: a stop that begins when the node is
 * deactivated is still played to its end.
 */
export class CommandLoop {
  readonly #timer: Periodic;
  #lastS: number;

  constructor(controller: Controller, output: CommandOutput, clock: ControlClock, ros: RosNode, periodS: number) {
    this.#lastS = clock.now();
    this.#timer = new Periodic(periodS, () => clock.now(), ros.usesSimTime, () => {
      const nowS = clock.now();
      const lateS = nowS - this.#lastS - LATE_PERIODS * periodS;
      this.#lastS = nowS;
      ros.guarded("command cycle", () => {
        if (lateS > 0 && output.standsWithout) {
          output.delay(lateS);
          controller.delay(lateS);
        }
        controller.cycle();
        output.cycle(controller.freshJoints);
      });
    });
  }

  /** Cycles that were skipped because the thread or the clock was late. */
  get missed(): number {
    return this.#timer.missed;
  }

  stop(): void {
    this.#timer.stop();
  }
}
