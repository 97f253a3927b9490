import type { Plan } from "./types.js";

/**
 * `score` or `propose` threw (or returned too few values) in the middle of a search. The search ends, the error is the `cause`, and
 * what had been found before is not lost: it is in `best`, and it is the warm start of the next plan. Whether a plan from a model
 * that has just failed may still be executed is for the caller to say.
 */
export class ScoreFailed extends Error {
  /** The best plan up to the failure; undefined when no candidate had been scored with a finite energy. */
  readonly best: Plan | undefined;

  /** @param doing what failed. */
  constructor(best: Plan | undefined, cause: unknown, doing = "scoring the candidates") {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${doing} failed after ${best?.iterations ?? 0} iterations: ${reason}`, { cause });
    this.name = "ScoreFailed";
    this.best = best;
  }
}
