import type { PlanningService } from "../control/planning-service.js";

/** An episode's file is whole so long after its end, s. */
const WRITTEN_S = 1;

/** Has the planner take up an episode that has just ended, once it is on disk; the arm stands meanwhile. */
export function recallSoon(planning: PlanningService): void {
  setTimeout(() => { planning.recall?.(); }, 1000 * WRITTEN_S).unref();
}
