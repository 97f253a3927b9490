import type { AxisEstimate } from "../adaptation/index.js";
import type { TermStatistics } from "../planner/index.js";
import type { HoldReason } from "../safety/types.js";
import type { SurpriseScores } from "../surprise/scores.js";

/**
 * What the controller is doing. `final` holds do not end by themselves: a new goal, or after a stop reset(), is needed.
 *
 * - `waiting_for_inputs`: no picture or no joint state has come yet.
 * - `idle`: no goal.
 * - `planning`: on the way to a goal, or about to start.
 * - `holding`: there is a goal, the robot stands, and the reason is given.
 * - `reached`: at the goal, standing.
 * - `stopped`: latched until reset(), or shut down.
 */
export type ControllerState =
  | { readonly kind: "waiting_for_inputs"; readonly reason: "waiting_for_camera" | "waiting_for_joint_states"; readonly sentence: string }
  | { readonly kind: "idle"; readonly reason: "no_goal"; readonly sentence: string }
  | { readonly kind: "planning"; readonly sentence: string }
  | { readonly kind: "holding"; readonly reason: HoldReason; readonly sentence: string; readonly final: boolean }
  | { readonly kind: "reached"; readonly reason: "goal_reached"; readonly sentence: string }
  | { readonly kind: "stopped"; readonly reason: "stopped_by_user" | "shutdown"; readonly sentence: string };

/** The controller from outside, flat. What is not known is left out. */
export interface ControllerStatus {
  readonly state: ControllerState["kind"];
  /** For people. */
  readonly sentence: string;
  readonly holdReason?: HoldReason;
  /** Whether nothing more will happen for this goal: reached, failed for good, or stopped. */
  readonly final: boolean;
  readonly goalName?: string;
  /** The sub-goal that is being gone for, where the goal has more than one. */
  readonly subGoal?: { readonly name: string; /** 1 is the first. */ readonly number: number; readonly count: number };
  /** Energy of the newest planned picture against the sub-goal. */
  readonly energy?: number;
  /** The first energy of this sub-goal. */
  readonly startEnergy?: number;
  /** energy / startEnergy. */
  readonly energyShare?: number;
  readonly planMs?: number;
  readonly encodeMs?: number;
  /** From the question to its answer, where it was read: what the deadline is about. */
  readonly answerMs?: number;
  /** How long its question waited for a picture that was due: that much of the deadline was gone. */
  readonly pictureWaitMs?: number;
  readonly iterations?: number;
  readonly candidates?: number;
  /** Candidates out of the memory, of the goal's newest plan that asked it: every search that begins from nothing does. */
  readonly recalled?: number;
  /** Share of the wanted speed that the guards leave, below 1, while they slow the arm. */
  readonly speedScale?: number;
  /** What the objective's terms did to the newest plan, the goal energy first, where there are terms. */
  readonly terms?: readonly TermStatistics[];
  /** Actions sent for this goal. */
  readonly steps: number;
  /** Ticks of this goal at which the plan was not ready. */
  readonly overruns: number;
  /** Scores of the newest planned picture as shares of their thresholds: above 1 is a surprise. */
  readonly surprise?: SurpriseScores;
  /** By how much plans are corrected, where they are. */
  readonly adaptation?: { readonly axes: readonly AxisEstimate[]; /** Steps learned from. */ readonly steps: number };
  /** Cold starts after a failure or without progress. */
  readonly retries: number;
}
