import type { EeDeltaOptions } from "./ee-delta.js";
import type { RobotModel } from "./model.js";
import { moveTool } from "./move-tool.js";
import { composed, eulerOfRotation, rotationOfEuler } from "./rotation.js";
import type { ActionSpace, JointState } from "./types.js";

export interface EePoseDeltaOptions extends Omit<EeDeltaOptions, "toolRotation"> {
  /** Changes of the gripper smaller than this are none: V-JEPA 2-AC's own planner rounds them off, or noise would loosen a grip. Default 0.25. */
  readonly gripperDeadBand?: number;
}

/** Damped least squares leave a little of each turn undone, which would add up: more iterations than for a tool that always points down. */
const ITERATIONS = 12;

/**
 * End-effector deltas with rotation, as V-JEPA 2-AC has them: [dx, dy, dz (m), droll, dpitch, dyaw (rad), gripper], all about the base frame's
 * axes (extrinsic xyz; the turn is put before the present rotation), the gripper as a change of its closedness, 0 open .. 1 closed. The
 * delta starts at the setpoint, not at the measured pose, so tracking errors do not add up, and closed fingers keep pressing.
 */
export class EePoseDeltaActions implements ActionSpace {
  readonly #robot: RobotModel;
  readonly #options: EePoseDeltaOptions;

  constructor(robot: RobotModel, options: EePoseDeltaOptions) {
    this.#robot = robot;
    this.#options = options;
  }

  jointTargets(setpointPositions: Float64Array, action: Float32Array): Float64Array {
    const { workspace, posture, gripper, gripperDeadBand = 0.25 } = this.#options;
    const [, , , droll, dpitch, dyaw, closing] = action as unknown as readonly [number, number, number, number, number, number, number];
    const before = setpointPositions[gripper.joint] as number;
    const position = Math.abs(closing) < gripperDeadBand ? before : Math.min(1, Math.max(0, before / gripper.maxJoint - closing)) * gripper.maxJoint;
    return moveTool(this.#robot, setpointPositions, action, {
      workspace, posture, iterations: ITERATIONS, gripper: { joint: gripper.joint, position },
      rotation: (present) => composed(rotationOfEuler(droll, dpitch, dyaw), present),
    });
  }

  /** [x, y, z (m), roll, pitch, yaw (rad) of the tool in the base frame, closedness of the gripper (0 open .. 1 closed)]. */
  state(joints: JointState): Float32Array {
    const { position, rotation } = this.#robot.toolPose(joints.positions);
    const { gripper } = this.#options;
    const opening = (joints.positions[gripper.joint] as number) / gripper.maxJoint;
    return Float32Array.of(...position, ...eulerOfRotation(rotation), Math.min(1, Math.max(0, 1 - opening)));
  }
}
