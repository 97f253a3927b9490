import { EeDeltaActions, type EeDeltaOptions } from "./ee-delta.js";
import { EePoseDeltaActions } from "./ee-pose-delta.js";
import type { RobotModel } from "./model.js";
import type { ActionSpace } from "./types.js";

/** What a bundle says of its actions and proprioception, as far as it decides how they are executed. */
export interface EeDescription {
  readonly action: { readonly names: readonly string[]; readonly gripper?: string | undefined; readonly euler?: string | undefined };
  readonly state: { readonly names: readonly string[]; readonly gripper?: string | undefined; readonly euler?: string | undefined };
}

const PLACE = "dx,dy,dz,gripper";
const POSE = "dx,dy,dz,droll,dpitch,dyaw,gripper";
const PLACE_STATE = 7;
const POSE_STATE = "ee_x,ee_y,ee_z,ee_roll,ee_pitch,ee_yaw,gripper_closedness";

/** Whether actions are changes of pose and grip alone, so that none of them is rest; with a gripper that is a place, that is where it rests. */
export function restsAtZero({ action }: EeDescription): boolean {
  return action.gripper === "closedness_change";
}

/**
 * The action space for end-effector deltas that a bundle describes: places with a tool that keeps its rotation, or poses with rotation. What
 * the numbers mean is decided by what the bundle says of them, never by how many there are.
 *
 * @throws Error with one line for deltas that this robot side does not know.
 */
export function eeActions(robot: RobotModel, described: EeDescription, options: EeDeltaOptions): ActionSpace {
  const { action, state } = described;
  const actions = action.names.join(",");
  if (actions === PLACE && action.gripper !== "closedness_change") {
    if (state.names.length !== PLACE_STATE || state.gripper === "closedness" || state.euler !== undefined) {
      throw new Error(`state ${state.names.join(",")} is not known beside actions ${PLACE}: tool x, y, z, gripper opening, and tool velocity are`);
    }
    return new EeDeltaActions(robot, options);
  }
  const pose = actions === POSE && action.gripper === "closedness_change" && action.euler === "extrinsic_xyz";
  if (pose && state.names.join(",") === POSE_STATE && state.gripper === "closedness" && state.euler === "extrinsic_xyz") {
    return new EePoseDeltaActions(robot, options);
  }
  throw new Error(`actions ${actions} with state ${state.names.join(",")} cannot be executed: ${PLACE}, or ${POSE} with euler extrinsic_xyz and a closedness, can`);
}
