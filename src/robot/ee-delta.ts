import type { RobotModel } from "./model.js";
import { moveTool } from "./move-tool.js";
import type { ActionSpace, JointState, Workspace } from "./types.js";

export interface EeDeltaOptions {
  readonly workspace: Workspace;
  /** Rotation that the tool keeps, row-major 3x3 in the base frame. */
  readonly toolRotation: ArrayLike<number>;
  /** Posture for the arm's redundancy, [joints]. */
  readonly posture: ArrayLike<number>;
  /** Index of the gripper joint among the controlled joints, and its opening (m, between both fingers) per joint metre. */
  readonly gripper: { readonly joint: number; readonly openingPerJoint: number; readonly maxJoint: number };
}

/**
 * End-effector deltas [dx, dy, dz (m, base frame), gripper (0 closed .. 1 open)] as joint targets; the tool keeps its
 * rotation. The delta starts at the setpoint, not at the measured pose, so tracking errors do not add up.
 */
export class EeDeltaActions implements ActionSpace {
  readonly #robot: RobotModel;
  readonly #options: EeDeltaOptions;

  constructor(robot: RobotModel, options: EeDeltaOptions) {
    this.#robot = robot;
    this.#options = options;
  }

  jointTargets(setpointPositions: Float64Array, action: Float32Array): Float64Array {
    const { workspace, toolRotation, posture, gripper } = this.#options;
    const position = Math.min(1, Math.max(0, action[3] as number)) * gripper.maxJoint;
    return moveTool(this.#robot, setpointPositions, action, { workspace, posture, rotation: () => toolRotation, gripper: { joint: gripper.joint, position } });
  }

  /** [x, y, z (m), gripper opening (m), vx, vy, vz (m/s)] of the tool in the base frame. */
  state(joints: JointState): Float32Array {
    const { position } = this.#robot.toolPose(joints.positions);
    const jacobian = this.#robot.toolJacobian(joints.positions);
    const n = this.#robot.jointNames.length;
    const { gripper } = this.#options;
    const state = new Float32Array(7);
    for (let axis = 0; axis < 3; axis++) {
      state[axis] = position[axis] as number;
      let speed = 0;
      for (let i = 0; i < n; i++) speed += (jacobian[axis * n + i] as number) * (joints.velocities[i] as number);
      state[4 + axis] = speed;
    }
    state[3] = (joints.positions[gripper.joint] as number) * gripper.openingPerJoint;
    return state;
  }
}
