/**
 * Guardrails in the objective: what a sequence costs beside its energy.
 *
 *     J(a) = Σ_h w_h E_h(a) + Σ_t weight_t c_t(a)
 *
 * One term a file, with two verbs: `initialize` (once, with what the numbers mean) and `score` (a whole population at once). `TermSet` adds them up and
 * keeps the statistics. A term shapes which plan is chosen; whether the goal is reached is judged by the goal energy alone, and whether a
 * command may go out by `src/safety/`.
 */
export { ActionSmoothness } from "./action-smoothness.js";
export { GripperEffort } from "./gripper-effort.js";
export { JointCentring } from "./joint-centring.js";
export { KeepOut } from "./keep-out.js";
export { type KeepOutShape } from "./keep-out-shape.js";
export { GOAL_ENERGY, TermSet, type WeightedTerm } from "./term-set.js";
export type { JointEstimate, ObjectiveTerm, PlanStart, Rollouts, ScoredRollouts, TermContext, TermJoint, TermStatistics } from "./types.js";
export { Workspace, type WorkspaceOptions } from "./workspace.js";
