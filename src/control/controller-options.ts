import type { Adapter } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import type { ActionSpace, JointState, JointTrajectory } from "../robot/types.js";
import type { CommandPipeline } from "../safety/command-pipeline.js";
import type { SurpriseMonitor } from "../surprise/monitor.js";
import type { ProgressOptions } from "./goal-sequence.js";
import type { Looked, PlanningService, PlanTerms } from "./planning-service.js";
import type { RestAction } from "./rest-action.js";
import type { InputFault } from "./staleness.js";
import type { ControllerStatus } from "./status.js";
import type { Witness } from "./witness.js";

/** Where the controller's words and deeds go. */
export interface ControllerPorts {
  /** To the robot. @param startS when it begins, on the controller's clock (s): the moment it was planned from, a little ago. */
  sendTrajectory(trajectory: JointTrajectory, startS: number): void;
  /** Every tick and every change of state. */
  publishStatus(status: ControllerStatus): void;
}

/**
 * What to reach: a picture, or its latent [latentDim] with how unlike the pictures of training its picture is where that is known; beside a
 * latent the picture is only for the witness.
 */
export type ControllerGoal = {
  readonly name: string;
  /** Energy below which it counts as reached. Default: that of all goals that are given together. */
  readonly reachedBelow?: number | undefined;
  /** Whether the camera stood elsewhere when the picture was taken: where the model has it. Default: as `goalsBeforeCameraMoved`. Only an adapter asks. */
  readonly beforeCameraMoved?: boolean | undefined;
} & ({ readonly image: RgbImage } | (Looked & { readonly image?: RgbImage }));

/** What a controller is made of; the numbers with defaults are optional. */
export interface ControllerOptions {
  readonly actionSpace: ActionSpace;
  readonly pipeline: CommandPipeline;
  /** Closed by whoever made it. */
  readonly planning: PlanningService;
  readonly ports: ControllerPorts;
  /** Steady clock, s. It must run at the robot's pace: simulated time for a simulated robot. */
  readonly clock: () => number;
  /** Seconds an action takes and between ticks: `action.period_s` of the bundle. */
  readonly periodS: number;
  /** `energy.reached_below` of the bundle, or another threshold. */
  readonly reachedBelow: number;
  /** The action that leaves the robot where it is. Default: zeros. */
  readonly restAction?: RestAction;
  /** Age (s) from which the camera picture is stale. Default 0.5. */
  readonly cameraTimeoutS?: number;
  /** Age (s) from which the joint state is stale. Default 0.25. */
  readonly jointTimeoutS?: number;
  /** Milliseconds for encoding and planning. Default: 0.8 of the period. Infinity: a fixed number of iterations. */
  readonly planDeadlineMs?: number;
  /** Actions of the last plan that may be executed while the next plan is late. Default 2. */
  readonly maxLateActions?: number;
  /** Different pictures in a row below `reachedBelow`. Default 2. */
  readonly reachedFrames?: number;
  /** Whether a reached goal is watched, and gone for again when its energy rises above `leftAboveFactor * reachedBelow`. Default false. */
  readonly keepTracking?: boolean;
  /** Default 2. */
  readonly leftAboveFactor?: number;
  /** When the next sub-goal has its turn and when the search stalls. Default: DEFAULT_PROGRESS. */
  readonly progress?: Partial<ProgressOptions>;
  /** Cold starts after faults before a goal is given up; progress gives them back. Default 2. */
  readonly retryAttemptLimit?: number;
  /** Cold starts with the search's whole width after stalls before a goal is given up; progress gives them back. Default 4. */
  readonly stallRestartLimit?: number;
  /** Share of the planner's width that is left at the goal, in (0, 1]; 1 is always the whole width. `planning.exploration_floor` of the bundle, or 0.1. */
  readonly explorationFloor?: number;
  /** How much longer (s) a picture that is due is worth waiting for, asked for when a plan is; 0: none is. Needs cycle(). Default: never. */
  readonly pictureDueS?: () => number;
  /** One more reason to hold for as long as it is there, asked for in each tick() and cycle(). Default: none. */
  readonly outsideFault?: () => InputFault | undefined;
  /** Longest time (s) between two calls of cycle() while the arm moves; a longer one brakes. Default 0.15. */
  readonly commandGapS?: number;
  /** What the objective's terms are told, asked for at every plan. Default: nothing. */
  readonly planTerms?: (joints: JointState) => PlanTerms;
  /** Stops the robot when what is seen cannot be trusted. Default: nothing does. */
  readonly surprise?: SurpriseMonitor;
  /** Learns how the robot differs from its model, and corrects plans by it while `adapting` says so. Default: nothing does. */
  readonly adapter?: Adapter;
  /** Asked for at every plan. Default: always. */
  readonly adapting?: () => boolean;
  /** Whether goal pictures were taken before the camera moved, asked for at every plan. Default: they were taken by the camera as it stands. */
  readonly goalsBeforeCameraMoved?: () => boolean;
  /** Told of goals and plans. Default: nobody. */
  readonly witness?: Witness;
  /** First seed of the planner. Every cold start takes the next. Default 0. */
  readonly seed?: number;
}
