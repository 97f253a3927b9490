import { lusolve, type Matrix } from "mathjs";
import type { RobotModel } from "./model.js";

/** How hard the solver tries. */
export interface IkOptions {
  /** Damping of the least squares, in the units of the Jacobian; larger is calmer near singularities. */
  readonly damping?: number;
  readonly iterations?: number;
  /** Posture that the null space drifts to, so that one tool pose has one arm shape; [joints]. */
  readonly posture?: ArrayLike<number>;
  /** Share of the way to the posture taken an iteration, 0..1. */
  readonly postureGain?: number;
}

/**
 * Joint positions that bring the tool to a pose: damped least squares on the tool's Jacobian, started at `q`
 * (Wampler 1986; Buss, "Introduction to inverse kinematics", section 6), with a null-space pull to a posture.
 * Joints that do not move the tool keep their values; positions stay inside the joint limits.
 *
 * @param position wanted tool position in the base frame, m. @param rotation wanted rotation, row-major 3x3.
 */
export function solveToolPose(
  robot: RobotModel,
  q: ArrayLike<number>,
  position: ArrayLike<number>,
  rotation: ArrayLike<number>,
  options: IkOptions = {},
): Float64Array {
  const { damping = 0.03, iterations = 4, posture, postureGain = 0.1 } = options;
  const n = robot.jointNames.length;
  const solution = Float64Array.from(q);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const pose = robot.toolPose(solution);
    const jacobian = robot.toolJacobian(solution);
    const error = poseError(pose.position, pose.rotation, position, rotation);
    const pull = new Float64Array(n);
    if (posture !== undefined) {
      for (let i = 0; i < n; i++) {
        if (robot.movesTool[i] === true) pull[i] = postureGain * ((posture[i] as number) - (solution[i] as number));
      }
    }
    // J# (e - J pull) + pull is the damped solution plus the pull's part in the null space.
    for (let row = 0; row < 6; row++) {
      let moved = 0;
      for (let i = 0; i < n; i++) moved += (jacobian[row * n + i] as number) * (pull[i] as number);
      error[row] = (error[row] as number) - moved;
    }
    const weights = solveDamped(jacobian, n, error, damping);
    for (let i = 0; i < n; i++) {
      if (robot.movesTool[i] !== true) continue;
      let step = pull[i] as number;
      for (let row = 0; row < 6; row++) step += (jacobian[row * n + i] as number) * (weights[row] as number);
      const limits = robot.limits[i];
      const next = (solution[i] as number) + step;
      solution[i] = limits === undefined ? next : Math.min(limits.upper, Math.max(limits.lower, next));
    }
  }
  return solution;
}

/**
 * To first order, how the joints follow the tool where its rotation is kept: the damped inverse of the Jacobian for moves along x, y, z.
 *
 * @returns row-major [joints, 3]: change of each joint (rad, m) per metre of the tool in the base frame; 0 for joints that do not move the tool.
 */
export function jointsPerMetre(robot: RobotModel, q: ArrayLike<number>, damping = 0.03): Float64Array {
  const n = robot.jointNames.length;
  const jacobian = robot.toolJacobian(q);
  const perMetre = new Float64Array(3 * n);
  for (let axis = 0; axis < 3; axis++) {
    const weights = solveDamped(jacobian, n, [0, 1, 2, 3, 4, 5].map((row) => (row === axis ? 1 : 0)), damping);
    for (let i = 0; i < n; i++) {
      for (let row = 0; row < 6; row++) perMetre[3 * i + axis]! += (jacobian[row * n + i] as number) * (weights[row] as number);
    }
  }
  return perMetre;
}

/** Position difference and rotation vector from the present to the wanted pose, [6]. */
function poseError(
  position: Float64Array,
  rotation: Float64Array,
  wantedPosition: ArrayLike<number>,
  wantedRotation: ArrayLike<number>,
): number[] {
  const error = [0, 1, 2].map((i) => (wantedPosition[i] as number) - (position[i] as number));
  // Half the sum of the column cross products: the rotation vector to first order (Siciliano, section 3.7).
  let [rx, ry, rz] = [0, 0, 0];
  for (let column = 0; column < 3; column++) {
    const a = [0, 3, 6].map((row) => rotation[row + column] as number) as [number, number, number];
    const b = [0, 3, 6].map((row) => wantedRotation[row + column] as number) as [number, number, number];
    rx += a[1] * b[2] - a[2] * b[1];
    ry += a[2] * b[0] - a[0] * b[2];
    rz += a[0] * b[1] - a[1] * b[0];
  }
  return [...error, rx / 2, ry / 2, rz / 2];
}

/** Solves (J Jᵀ + damping² I) x = error. */
function solveDamped(jacobian: Float64Array, n: number, error: readonly number[], damping: number): number[] {
  const gram: number[][] = [];
  for (let a = 0; a < 6; a++) {
    const row: number[] = [];
    for (let b = 0; b < 6; b++) {
      let sum = a === b ? damping * damping : 0;
      for (let i = 0; i < n; i++) sum += (jacobian[a * n + i] as number) * (jacobian[b * n + i] as number);
      row.push(sum);
    }
    gram.push(row);
  }
  const solved: Matrix | number[][] = lusolve(gram, [...error]) as unknown as Matrix | number[][];
  const rows = (Array.isArray(solved) ? solved : solved.toArray()) as number[][];
  return rows.map((row) => row[0] as number);
}
