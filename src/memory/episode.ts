import type { RgbImage } from "../camera/types.js";

/** Which model an episode was lived with. */
export interface EpisodeBundle {
  readonly name: string;
  /** SHA-256 of its graphs. */
  readonly encoderSha256: string;
  readonly rolloutSha256: string;
}

/** A goal that is gone for, in the order of a sequence. */
export interface EpisodeGoal {
  readonly name: string;
  /** [latentDim] */
  readonly latent: Float32Array;
  /** Left out where only the latent was given. */
  readonly image?: RgbImage;
}

/** What is known of an episode when it begins: from a goal that is taken until it is reached or given up. */
export interface EpisodeHeader {
  /** Sorts by time and is a file's name: 20261123T044012.345Z-1a2b3c. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly source: "robot" | "simulation";
  readonly bundle: EpisodeBundle;
  /** The camera's calibration as its file has it (JSON), where there is one. */
  readonly calibration?: string;
  readonly periodS: number;
  readonly actionNames: readonly string[];
  readonly stateNames: readonly string[];
  readonly jointNames: readonly string[];
  /** The goal's or sequence's name. */
  readonly goal: string;
  readonly subGoals: readonly EpisodeGoal[];
  /** Energy below which it counts as reached. */
  readonly reachedBelow: number;
}

/** What an objective term did in one plan. */
export interface EpisodeTerm {
  readonly name: string;
  readonly weight: number;
  readonly mean: number;
  readonly best: number;
}

/** One plan: what was seen, what was decided, what was believed. */
export interface EpisodeStep {
  /** From 0. */
  readonly index: number;
  /** Of the episode's begin, s. */
  readonly timeS: number;
  /** What the plan was made from, as the camera gave it. */
  readonly image: RgbImage;
  /** rad or m, and rad/s or m/s, in the header's order. */
  readonly jointPositions: Float64Array;
  readonly jointVelocities: Float64Array;
  /** Proprioception, [stateDim]. */
  readonly state: Float32Array;
  /** Of the image, [latentDim]. */
  readonly latent: Float32Array;
  /** From 0. */
  readonly subGoal: number;
  /** Rows that were committed when the plan was made. */
  readonly committed: number;
  /** The plan, row-major [horizon, actionDim]; its row 0 is what is executed while it is made. */
  readonly actions: Float32Array;
  /** [horizon] */
  readonly stepEnergies: Float32Array;
  /** Of the picture itself. */
  readonly startEnergy: number;
  /** What the planner made least, with the costs of all terms. */
  readonly energy: number;
  readonly iterations: number;
  readonly candidates: number;
  readonly encodeMs: number;
  readonly planMs: number;
  readonly terms: readonly EpisodeTerm[];
  /** Latent that was predicted for this picture, where it was. */
  readonly predicted?: Float32Array;
  /** See docs/surprise.md. */
  readonly unlikeness?: number;
}

/** What the controller said when its state, its reason or its speed changed. */
export interface EpisodeEvent {
  readonly timeS: number;
  readonly state: string;
  readonly holdReason?: string;
  readonly sentence: string;
}

/** How it ended. `interrupted` is of an episode whose process ended before it. */
export interface EpisodeOutcome {
  readonly kind: "reached" | "held" | "stopped" | "replaced" | "interrupted";
  readonly sentence: string;
  readonly holdReason?: string;
  readonly steps: number;
  /** Steps that could not be recorded in time, where there were any; their indices are missing. */
  readonly droppedSteps?: number;
  /** ISO 8601, UTC. */
  readonly endedAt: string;
  /** What the simulator knows; a robot has nobody who knows. */
  readonly truth?: { readonly success: boolean; readonly finalDistanceM: number };
}

/** A whole episode, read again. */
export interface Episode {
  readonly header: EpisodeHeader;
  readonly steps: readonly EpisodeStep[];
  readonly events: readonly EpisodeEvent[];
  readonly outcome: EpisodeOutcome;
}
