import type { HoldReason } from "../safety/types.js";

/** `error_code` of jepa_mpc_msgs/action/ReachGoalImage; msgs/action/ReachGoalImage.action says what each stands for. */
export const GOAL_ERROR = {
  none: 0,
  invalidGoal: 100,
  unknownGoal: 101,
  timeout: 110,
  noProgress: 111,
  planner: 112,
  surprise: 113,
  camera: 120,
  jointStates: 121,
  clock: 122,
  tracking: 130,
  safetyLimit: 131,
  otherCommander: 132,
  stopped: 140,
  preempted: 141,
  canceled: 142,
  deactivated: 143,
  internal: 199,
} as const;

export type GoalErrorCode = (typeof GOAL_ERROR)[keyof typeof GOAL_ERROR];

/** A code as the interface names it: "NO_PROGRESS". Codes of newer controllers are numbers. */
export function goalErrorName(code: number): string {
  const found = Object.entries(GOAL_ERROR).find(([, known]) => known === code);
  return found === undefined ? `code ${code}` : found[0].replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The code of a goal that ends because of a hold. A new reason has to find its place here before the project compiles. */
export function errorCodeOf(reason: HoldReason): GoalErrorCode {
  switch (reason) {
    case "goal_reached":
      return GOAL_ERROR.none;
    case "waiting_for_camera":
    case "camera_stale":
      return GOAL_ERROR.camera;
    case "waiting_for_joint_states":
    case "joint_states_stale":
      return GOAL_ERROR.jointStates;
    case "plan_late":
    case "inference_unavailable":
    case "plan_not_finite":
      return GOAL_ERROR.planner;
    case "plan_not_improving":
      return GOAL_ERROR.noProgress;
    case "joint_out_of_bounds":
    case "cartesian_speed":
    case "workspace_left":
    case "keep_out_zone":
    case "collision_near":
    case "singularity":
      return GOAL_ERROR.safetyLimit;
    case "clock_stopped":
      return GOAL_ERROR.clock;
    case "other_commander":
      return GOAL_ERROR.otherCommander;
    case "tracking_error":
      return GOAL_ERROR.tracking;
    case "prediction_surprise":
    case "unfamiliar_scene":
    case "energy_rising":
      return GOAL_ERROR.surprise;
    case "stopped_by_user":
      return GOAL_ERROR.stopped;
    case "shutdown":
      return GOAL_ERROR.deactivated;
    case "no_goal":
    case "command_not_finite":
    case "internal_error":
    case "command_loop_late":
      return GOAL_ERROR.internal;
  }
}
