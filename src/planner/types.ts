import type { Rollouts } from "./terms/types.js";

/**
 * What a planner works on: box-bounded action sequences and a function that gives each its energy.
 * Nothing here knows where the energies come from (an ONNX graph, a simulator, a formula in a test).
 */

/** The box of one action, one entry per action dimension, in the units of the action space. */
export interface ActionBounds {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/**
 * Scores a population of action sequences.
 *
 * @param actions candidates, row-major [count, horizon, actionDim]; only valid during the call.
 * @param count number of candidates.
 * @returns energies per candidate and step, row-major [count, horizon]; lower is nearer to the goal.
 *   The array may be reused by the next call.
 */
export type ScorePopulation = (actions: Float32Array, count: number) => Promise<Float32Array>;

/** What is known of a scored population where there is more than the energies. Arrays may be reused by the next call. */
export interface ScoredPopulation {
  /** As `ScorePopulation` gives them. */
  readonly stepEnergies: Float32Array;
  /** Predicted proprioception after each step, row-major [count, horizon, stateDim]. */
  readonly states?: Float32Array;
}

/** As `ScorePopulation`, or with where the sequences lead. */
export type ScoreRollouts = (actions: Float32Array, count: number) => Promise<Float32Array | ScoredPopulation>;

/** What sequences cost beside their energies; `TermSet` is one. It must give the same cost for the same sequence all through a plan. */
export interface CandidateCosts {
  /** Adds its cost to each candidate's objective value, `energies[0 .. count)`; +Infinity rules a candidate out. */
  add(rollouts: Rollouts, energies: Float64Array): void;
  /** Candidate `row` of the population added last is the best one so far. */
  best(row: number): void;
}

/**
 * Sequences that are worth a look before anything is known, such as what a learned policy would do.
 *
 * @param noise standard normals [count, horizon, actionDim] along the horizon as coloured as the search's own; 0 is the proposer's own choice.
 * @returns sequences [count, horizon, actionDim]; the planner makes them candidates like its own: in the box, the committed actions before them,
 *   held and switched dimensions as they must be. The array may be reused by the next call.
 */
export type ProposeSequences = (noise: Float32Array, count: number) => Promise<Float32Array>;

/** Sequences of `PlanProblem.remembered` that are looked at. */
export const MOST_REMEMBERED = 16;

/** One planning problem. */
export interface PlanProblem {
  readonly horizon: number;
  readonly bounds: ActionBounds;
  readonly score: ScoreRollouts;
  /** Added to the energies' objective; left out: nothing. */
  readonly costs?: CandidateCosts;
  /** Told of every candidate once it is judged, to look on: `energies` are the objective values, costs included. Arrays are only valid during the call. */
  readonly onJudged?: (rollouts: Rollouts, energies: Float64Array) => void;
  /** Asked once a plan when the search has a share for it. */
  readonly propose?: ProposeSequences;
  /**
   * Sequences that went well in like cases, row-major [k, horizon, actionDim]: candidates of the first population beside all others, at most MOST_REMEMBERED of them.
   * The committed actions go before them: row 0 is for the first free step.
   */
  readonly remembered?: Float32Array;
  /**
   * Actions that will have been executed by the time the plan is handed over, row-major [k, actionDim], k < horizon.
   * Every candidate starts with them; they are never sampled.
   */
  readonly committed?: Float32Array;
  /**
   * Scale of the initial standard deviation in (0, 1], 1 when left out: near the goal the caller can have a narrower search.
   */
  readonly explorationScale?: number;
}

/** When to stop looking. `now` is a monotonic clock in milliseconds, handed in so that tests own the time. */
export interface PlanBudget {
  readonly deadlineMs: number;
  readonly now: () => number;
}

/** The answer, always there: at worst the warm start or the mean of the box. */
export interface Plan {
  /** The best sequence ever scored, row-major [horizon, actionDim], committed actions included. */
  readonly actions: Float32Array;
  /** Its energies, [horizon]. */
  readonly stepEnergies: Float32Array;
  /** Its objective value, the problem's costs included. */
  readonly energy: number;
  readonly iterations: number;
  readonly candidates: number;
  /** Why the search ended. */
  readonly ended: "iterations" | "deadline" | "converged";
}

/** An optimiser that keeps its own warm start between calls. */
export interface Planner {
  plan(problem: PlanProblem, budget: PlanBudget): Promise<Plan>;
  /** Moves the warm start `steps` actions into the future (those were executed). */
  shift(steps: number): void;
  /** Forgets the warm start and starts the random sequence of `seed`. */
  reset(seed: number): void;
}
