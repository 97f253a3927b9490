import { solveToolPose } from "./differential-ik.js";
import type { RobotModel } from "./model.js";
import type { ActionSpace, JointState } from "./types.js";

/** Axis-aligned box in the base frame, m. */
export interface Workspace {
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
}

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
    // The clamps below would turn an infinity into the edge of the box, and the linear solver takes NaN for zero.
    if (!action.every(Number.isFinite)) return new Float64Array(setpointPositions.length).fill(NaN);
    const { workspace, toolRotation, posture, gripper } = this.#options;
    const { position } = this.#robot.toolPose(setpointPositions);
    const wanted = [0, 1, 2].map((axis) => {
      const low = workspace.low[axis] as number;
      const high = workspace.high[axis] as number;
      return Math.min(high, Math.max(low, (position[axis] as number) + (action[axis] as number)));
    });
    const targets = solveToolPose(this.#robot, setpointPositions, wanted, toolRotation, { posture });
    targets[gripper.joint] = Math.min(1, Math.max(0, action[3] as number)) * gripper.maxJoint;
    return targets;
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
