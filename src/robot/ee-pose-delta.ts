import { solveToolPose } from "./differential-ik.js";
import type { EeDeltaOptions } from "./ee-delta.js";
import type { RobotModel } from "./model.js";
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
    // The clamps below would turn an infinity into the edge of the box, and the linear solver takes NaN for zero.
    if (!action.every(Number.isFinite)) return new Float64Array(setpointPositions.length).fill(NaN);
    const { workspace, posture, gripper, gripperDeadBand = 0.25 } = this.#options;
    const { position, rotation } = this.#robot.toolPose(setpointPositions);
    const [dx, dy, dz, droll, dpitch, dyaw, closing] = action as unknown as readonly [number, number, number, number, number, number, number];
    const wanted = [dx, dy, dz].map((delta, axis) => Math.min(workspace.high[axis]!, Math.max(workspace.low[axis]!, position[axis]! + delta)));
    const turned = composed(rotationOfEuler(droll, dpitch, dyaw), rotation);
    const targets = solveToolPose(this.#robot, setpointPositions, wanted, turned, { posture, iterations: ITERATIONS });
    const before = setpointPositions[gripper.joint] as number;
    targets[gripper.joint] = Math.abs(closing) < gripperDeadBand ? before : Math.min(1, Math.max(0, before / gripper.maxJoint - closing)) * gripper.maxJoint;
    return targets;
  }

  /** [x, y, z (m), roll, pitch, yaw (rad) of the tool in the base frame, closedness of the gripper (0 open .. 1 closed)]. */
  state(joints: JointState): Float32Array {
    const { position, rotation } = this.#robot.toolPose(joints.positions);
    const { gripper } = this.#options;
    const opening = (joints.positions[gripper.joint] as number) / gripper.maxJoint;
    return Float32Array.of(...position, ...eulerOfRotation(rotation), Math.min(1, Math.max(0, 1 - opening)));
  }
}
