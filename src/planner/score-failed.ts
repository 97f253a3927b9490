import type { Plan } from "./types.js";

/**
 * `score` threw (or returned too few energies) in the middle of a search. The search ends, the error is the `cause`, and
 * what had been found before is not lost: it is in `best`, and it is the warm start of the next plan. Whether a plan from a model
 * that has just failed may still be executed is for the caller to say.
 */
export class ScoreFailed extends Error {
  /** The best plan up to the failure; undefined when no candidate had been scored with a finite energy. */
  readonly best: Plan | undefined;

  constructor(best: Plan | undefined, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`scoring the candidates failed after ${best?.iterations ?? 0} iterations: ${reason}`, { cause });
    this.name = "ScoreFailed";
    this.best = best;
  }
}
