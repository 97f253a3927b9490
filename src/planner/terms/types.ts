/**
 * What an objective term works on. A term says what a roll-out costs beside its energy; the sum over all terms is what the search
 * minimises. Terms see numbers only: names and units of the numbers come with the context.
 */

/** One controlled joint; rad, or m for prismatic joints. */
export interface TermJoint {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
  /** Whether it moves the tool; a gripper's does not. */
  readonly movesTool: boolean;
}

/** What the numbers of a roll-out mean. Known when the term is initialized, the same for all plans. */
export interface TermContext {
  readonly horizon: number;
  /** Time of one action, s. */
  readonly periodS: number;
  /** Order, lower and upper bounds of an action, in the units of the bundle's manifest. */
  readonly actionNames: readonly string[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Order of the proprioception, as in the bundle's manifest: `ee_x`, `ee_y`, `ee_z` (m), `gripper_opening` (m), `ee_vx`, `ee_vy`, `ee_vz` (m/s). */
  readonly stateNames: readonly string[];
  /** The robot's controlled joints in their order; empty where no robot is known. */
  readonly joints: readonly TermJoint[];
  /** Opening of the gripper at its highest action, m; left out where it is not known. */
  readonly fullOpeningM?: number;
}

/** Joint positions near the start as a linear function of where the tool is: q = positions + perMetre (x - x_0). */
export interface JointEstimate {
  /** [joints] at the start; rad, m. */
  readonly positions: Float64Array;
  /** Row-major [joints, 3]: change of each joint per metre of the tool along x, y, z of the base frame. */
  readonly perMetre: Float64Array;
}

/** Where a plan begins. */
export interface PlanStart {
  /** Proprioception [stateDim]. */
  readonly state: Float32Array;
  /** There when somebody needs joint positions. */
  readonly joints?: JointEstimate;
}

/** A population that was rolled out, as the search has it. Arrays are only valid during the call, and are not to be written to. */
export interface Rollouts {
  readonly count: number;
  readonly horizon: number;
  readonly actionDim: number;
  /**
   * The steps that are judged: from `from` up to, not including, `to`. Steps before `from` are decided and the same in all candidates;
   * steps from `to` on do not count for the goal either.
   */
  readonly from: number;
  readonly to: number;
  /** Row-major [count, horizon, actionDim]. */
  readonly actions: Float32Array;
  /** Goal energy after each step, row-major [count, horizon]. */
  readonly stepEnergies: Float32Array;
  /** Predicted proprioception after each step, row-major [count, horizon, stateDim]; there when a term needs it. */
  readonly states?: Float32Array;
}

/** A population that was rolled out, with where it began. */
export interface ScoredRollouts extends Rollouts {
  readonly stateDim: number;
  readonly start: PlanStart;
}

/**
 * A plug-in of the objective. Costs are means over the judged steps, so that a weight means the same at every horizon and
 * can be held against the goal energy, which is a mean as well.
 */
export interface ObjectiveTerm {
  /** Lower-case letters, digits and underscores. */
  readonly name: string;
  /** Whether `score` reads `states`. Read after `initialize`. */
  readonly needsStates?: boolean;
  /** Whether `score` reads `start.joints`. Read after `initialize`. */
  readonly needsJoints?: boolean;
  /**
   * Called once, before anything is scored.
   * @throws Error with one line when the context lacks what the term needs.
   */
  initialize(context: TermContext): void;
  /**
   * Writes the cost of each candidate, before its weight, into `costs[0 .. count)`. What is not finite rules a candidate out. It must depend on
   * its arguments alone: the search keeps the costs of a plan's best candidates. `costs` holds zeros when it is called.
   */
  score(rollouts: ScoredRollouts, costs: Float64Array): void;
}

/** What a term did to one plan. Costs are weighted. */
export interface TermStatistics {
  readonly name: string;
  readonly weight: number;
  /** Over all candidates whose cost was finite; undefined when there was none. */
  readonly mean: number | undefined;
  /** Of the answer; undefined when nothing could be answered. */
  readonly best: number | undefined;
  /** Magnitude of `best` as a share of all terms' magnitudes, 0 to 1. */
  readonly share: number | undefined;
  /** Candidates that it ruled out: their cost was not a finite number. */
  readonly nonFinite: number;
  /** Candidates it judged. */
  readonly candidates: number;
}
