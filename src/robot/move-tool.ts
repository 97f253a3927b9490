import { type IkOptions, solveToolPose } from "./differential-ik.js";
import type { RobotModel } from "./model.js";
import type { Workspace } from "./types.js";

export interface ToolMove extends IkOptions {
  /** The tool goes to its edge at most. */
  readonly workspace: Workspace;
  /** Rotation that the tool is to have, given its present one; both row-major 3x3 in the base frame. */
  readonly rotation: (present: Float64Array) => ArrayLike<number>;
  /** Which joint is the gripper's, and where it is to be (m). */
  readonly gripper: { readonly joint: number; readonly position: number };
}

/**
 * Joint targets for an action whose first three numbers move the tool (dx, dy, dz; m, base frame) from where the setpoint has it.
 * All are NaN when a number of the action is not finite.
 */
export function moveTool(robot: RobotModel, setpointPositions: Float64Array, action: Float32Array, { workspace, rotation, gripper, ...ik }: ToolMove): Float64Array {
  // The clamps would turn an infinity into the edge of the box, and the linear solver takes NaN for zero.
  if (!action.every(Number.isFinite)) return new Float64Array(setpointPositions.length).fill(NaN);
  const present = robot.toolPose(setpointPositions);
  const wanted = present.position.map((place, axis) => Math.min(workspace.high[axis]!, Math.max(workspace.low[axis]!, place + action[axis]!)));
  const targets = solveToolPose(robot, setpointPositions, wanted, rotation(present.rotation), ik);
  targets[gripper.joint] = gripper.position;
  return targets;
}
