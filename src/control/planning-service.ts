import type { Correction } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import type { JointEstimate, Plan, TermStatistics } from "../planner/index.js";

/** What the objective's terms are told for one plan. */
export interface PlanTerms {
  /** Of terms by name; those that are not named keep what they have. */
  readonly weights: Readonly<Record<string, number>>;
  /** For terms that look at joint positions. */
  readonly joints?: JointEstimate;
}

/** One step's question. */
export interface PlanRequest {
  /** The newest picture, any size. Not changed by the caller before the answer. */
  readonly image: RgbImage;
  /** Proprioception at the time of the picture, [stateDim], in the order and units of the bundle's manifest. */
  readonly state: Float32Array;
  /** Actions already on their way, row-major [k, actionDim], k from 0 to horizon - 1. Every candidate starts with them. */
  readonly committed: Float32Array;
  /** Latent of the goal, [latentDim]. */
  readonly goal: Float32Array;
  /** Milliseconds for encoding and planning together; Infinity plans all iterations, the same way on every machine. */
  readonly deadlineMs: number;
  /** Actions executed since the last request: the warm start moves on by them. */
  readonly shift: number;
  /** Scale of the planner's initial width, in (0, 1]. */
  readonly explorationScale: number;
  /** How many of the candidates to hand back for people to look at, at most 64. Left out: none, and nothing is spent on it. */
  readonly show?: number;
  /** Whether the latent where the plan ends is to be handed back, which costs one roll-out more. Left out: no. */
  readonly wantEnd?: boolean;
  /** For services that have objective terms; left out, their weights stay as they are. */
  readonly terms?: PlanTerms;
  /** How the robot differs from the model. What the answer says of the picture (latent, observed) is as it was seen; what it says of the plan is corrected. */
  readonly correction?: Correction;
}

/** What the picture of a plan says, next to what was known without it: what surprise is judged by. */
export interface Observed {
  /** The request's. */
  readonly state: Float32Array;
  /** What the latent should have been after the request before and its first committed action, if just that was executed; [latentDim]. */
  readonly predicted?: Float32Array;
  /** Root mean square of the picture's whitened features, where the model has them: 1 is usual in training. */
  readonly unlikeness?: number;
}

/** A picture, encoded. */
export interface Looked {
  /** [latentDim] */
  readonly latent: Float32Array;
  readonly unlikeness?: number;
}

/** The answer to a PlanRequest. */
export interface PlanResult {
  /** Row-major [horizon, actionDim], the committed ones first; physical units. */
  readonly actions: Float32Array;
  /** Predicted energy after each action, [horizon]. */
  readonly stepEnergies: Float32Array;
  /** The planner's objective, with the costs of all terms; Infinity when nothing could be scored in time. */
  readonly energy: number;
  /** Energy of the picture itself: how far from the goal we are. NaN when nothing could be scored in time. */
  readonly startEnergy: number;
  readonly iterations: number;
  /** Sequences scored. */
  readonly candidates: number;
  /** How many of them were sequences out of the memory; left out where it was not asked. */
  readonly recalled?: number;
  readonly ended: Plan["ended"];
  readonly encodeMs: number;
  readonly planMs: number;
  /** From the question to where the answer was read, the ways between threads included; left out by services that do not say it. */
  readonly answerMs?: number;
  /** Latent of the picture, [latentDim]. */
  readonly latent: Float32Array;
  /** What each objective term did, the goal energy first; left out where there is only the goal energy. */
  readonly terms?: readonly TermStatistics[];
  /** Left out by services that do not say it. */
  readonly observed?: Observed;
  /** There when the request asks for it and the service says it. */
  readonly shown?: ShownCandidates;
  /** Latent where the plan ends, [latentDim]; there when the request asks for it and the model says it. */
  readonly endLatent?: Float32Array;
}

/** Some candidates of a plan, for people to look at; all in the base frame. */
export interface ShownCandidates {
  readonly count: number;
  /** Row-major [count, horizon, actionDim]; the best first. */
  readonly actions: Float32Array;
  /** Their objective values, the costs of all terms included, [count]. */
  readonly energies: Float64Array;
  /** Proprioception that the plan begins with, [stateDim]. */
  readonly start: Float32Array;
  /** Predicted proprioception after each step, row-major [count, horizon, stateDim]; left out where the model does not say it. */
  readonly states?: Float32Array;
}

/** Sizes of the world model behind a service. */
export interface ModelShape {
  readonly latentDim: number;
  readonly stateDim: number;
  readonly actionDim: number;
  readonly horizon: number;
  /** Whether it says where each step of a roll-out leads. */
  readonly givesStates?: boolean;
}

/** Sequences whose energies are asked for, without a search. */
export interface ScoreRequest {
  /** Where they begin, [latentDim]. */
  readonly latent: Float32Array;
  /** [stateDim] */
  readonly state: Float32Array;
  /** Row-major [count, horizon, actionDim]. */
  readonly actions: Float32Array;
  readonly count: number;
  /** [latentDim] */
  readonly goal: Float32Array;
}

/** Encodes pictures and plans, wherever that happens. Calls are answered one after the other, in order. */
export interface PlanningService {
  readonly model: ModelShape;
  /** Latent of a picture, [latentDim]. Rejects when the model fails. */
  encode(image: RgbImage): Promise<Float32Array>;
  /** As encode(), with how unlike those of training the picture is; left out by services that do not say it. */
  look?(image: RgbImage): Promise<Looked>;
  /** Energies of given sequences, as the roll-out gives them; left out by services that only plan. */
  score?(request: ScoreRequest): Promise<Float32Array>;
  /** Rejects when the model or the planner fails; a late answer is not a failure. */
  plan(request: PlanRequest): Promise<PlanResult>;
  /** The memory has changed: takes up what is new before the next plan. Left out by services that remember nothing. */
  recall?(): void;
  /** Forgets the warm start before the next plan, and starts the random sequence of `seed`. */
  reset(seed: number): void;
  close(): Promise<void>;
}
