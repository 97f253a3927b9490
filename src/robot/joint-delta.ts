import type { RobotModel } from "./model.js";
import type { ActionSpace, JointState, Workspace } from "./types.js";

export interface JointDeltaOptions {
  /** The tool goes to its edge at most. */
  readonly workspace: Workspace;
  /** Which joints the action's numbers move: indices among the controlled joints, in the action's order. Default: all, in their order. */
  readonly joints?: readonly number[];
  /** Distance that targets of joints that move the tool keep from their limits, rad or m: a little more than the command pipeline's, as one joint at its bound stops them all there. Default 0.105. */
  readonly armMargin?: number;
  /** The same of the others, as the gripper's. Default 0.02. */
  readonly gripperMargin?: number;
}

/** A step out of the workspace is halved so often until its end is inside: to a thousandth of it. */
const HALVINGS = 10;

/**
 * Joint deltas (rad, or m for prismatic joints; one a joint) as joint targets; proprioception is the joint positions. As with the tool's deltas
 * the delta starts at the setpoint, not at the measured position, so tracking errors do not add up and a closed gripper keeps pressing. Joints that no action
 * moves stay at their setpoint.
 */
export class JointDeltaActions implements ActionSpace {
  readonly #robot: RobotModel;
  readonly #workspace: Workspace;
  readonly #joints: readonly number[];
  readonly #margins: readonly number[];

  constructor(robot: RobotModel, { workspace, joints, armMargin = 0.105, gripperMargin = 0.02 }: JointDeltaOptions) {
    this.#robot = robot;
    this.#workspace = workspace;
    this.#joints = joints ?? [...robot.jointNames.keys()];
    this.#margins = robot.movesTool.map((moves) => moves ? armMargin : gripperMargin);
  }

  jointTargets(setpointPositions: Float64Array, action: Float32Array): Float64Array {
    const targets = Float64Array.from(setpointPositions);
    // The clamps would turn an infinity into a limit.
    if (!action.every(Number.isFinite)) return targets.fill(NaN);
    this.#joints.forEach((joint, i) => {
      const { lower, upper } = this.#robot.limits[joint]!;
      const from = setpointPositions[joint]!;
      // A joint that is beyond its margin already may stay there or come back.
      const [low, high] = [Math.min(from, lower + this.#margins[joint]!), Math.max(from, upper - this.#margins[joint]!)];
      targets[joint] = Math.min(high, Math.max(low, from + action[i]!));
    });
    return this.#insideWorkspace(setpointPositions, targets);
  }

  /** Joint positions in the action's order, rad or m. */
  state(joints: JointState): Float32Array {
    return Float32Array.from(this.#joints, (joint) => joints.positions[joint]!);
  }

  /**
   * So much of each joint's step as leaves the tool in the workspace, or no farther outside than it is. Joint by joint, and not of the whole step along its line: at the
   * border the arm slides along it instead of standing before it. Twice, as one joint may make room for another.
   */
  #insideWorkspace(from: Float64Array, targets: Float64Array): Float64Array {
    const allowed = Math.max(0, this.#outside(from));
    if (this.#outside(targets) <= allowed) return targets;
    // The gripper moves no tool: it need not wait for the arm.
    const positions = from.map((position, j) => this.#robot.movesTool[j] === true ? position : targets[j]!);
    for (let pass = 0; pass < 2; pass++) {
      for (const joint of this.#joints) {
        const [start, target] = [positions[joint]!, targets[joint]!];
        if (start === target) continue;
        let [inside, outside] = [0, 1];
        positions[joint] = target;
        if (this.#outside(positions) <= allowed) continue;
        for (let i = 0; i < HALVINGS; i++) {
          const middle = (inside + outside) / 2;
          positions[joint] = start + middle * (target - start);
          if (this.#outside(positions) <= allowed) inside = middle;
          else outside = middle;
        }
        positions[joint] = start + inside * (target - start);
      }
    }
    return positions;
  }

  /** How far outside the workspace the tool is, m; below 0 inside. */
  #outside(positions: Float64Array): number {
    const { position } = this.#robot.toolPose(positions);
    return Math.max(...position.map((place, axis) => Math.max(this.#workspace.low[axis]! - place, place - this.#workspace.high[axis]!)));
  }
}
