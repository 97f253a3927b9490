import { unavailability } from "../world-model/model-unavailable.js";
import type { PlanResult } from "./planning-service.js";

/** What a plan was made from. */
export interface PlanTicket {
  /** Actions sent before the plan's first one. */
  readonly sentBefore: number;
  /** Number of the picture. */
  readonly frame: number;
  /** How long it was waited for (s). */
  readonly waitedS: number;
}

/** How a plan ended. */
export type PlanOutcome =
  | { readonly kind: "planned"; readonly ticket: PlanTicket; readonly result: PlanResult }
  | { readonly kind: "unavailable"; readonly ticket: PlanTicket; readonly message: string }
  | { readonly kind: "failed"; readonly ticket: PlanTicket; readonly message: string };

/** The one plan that is being made: started at one tick, taken at a later one. */
export class PendingPlan {
  #running: Promise<void> | undefined;
  #outcome: PlanOutcome | undefined;
  /** Answers to questions of an earlier era are dropped. */
  #era = 0;

  /** Whether a plan is being made, wanted or not. */
  get inFlight(): boolean {
    return this.#running !== undefined;
  }

  /** @throws Error when one is in flight. */
  start(plan: () => Promise<PlanResult>, ticket: PlanTicket): void {
    if (this.#running !== undefined) throw new Error("A plan is still being made.");
    const era = this.#era;
    const finish = (outcome: PlanOutcome): void => {
      this.#running = undefined;
      if (era === this.#era) this.#outcome = outcome;
    };
    this.#running = plan().then(
      (result) => finish({ kind: "planned", ticket, result }),
      (error: unknown) => {
        const unavailable = unavailability(error);
        if (unavailable !== undefined) finish({ kind: "unavailable", ticket, message: unavailable.message });
        else finish({ kind: "failed", ticket, message: error instanceof Error ? error.message : String(error) });
      },
    );
  }

  /** The finished plan, once. */
  take(): PlanOutcome | undefined {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    return outcome;
  }

  /** Forgets a finished plan, and one in flight when it ends. */
  discard(): void {
    this.#era++;
    this.#outcome = undefined;
  }

  /** Resolves when nothing is in flight; never rejects. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }
}
