import { ALLOWED, RETREAT_SCALE, assessInput } from "./assess-input.js";
import { centimetres } from "./centimetres.js";
import type { Guard, Motion, Verdict } from "./guard.js";
import { requireBelow, requireWithin } from "./threshold.js";
import type { ToolKinematics } from "./tool-kinematics.js";

/** Axis-aligned box in the base frame, m. */
export interface WorkspaceBox {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/**
 * Keeps the tool in a box. A motion that ends in the box is free; over the width of the tolerance outside, the scale falls from 1 to
 * 0. From farther outside, only motions that end nearer to the box are allowed, slowly.
 */
export class WorkspaceGuard implements Guard {
  readonly name = "workspace";
  readonly #robot: ToolKinematics;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #toleranceM: number;

  /** @throws RangeError when the box is no box, naming the axis. */
  constructor(robot: ToolKinematics, box: WorkspaceBox, toleranceM = 0.01) {
    for (const [i, axis] of ["x", "y", "z"].entries()) {
      requireBelow(`workspace.low ${axis}`, box.low[i]!, `workspace.high ${axis}`, box.high[i]!);
    }
    requireWithin("workspaceToleranceM", toleranceM, 1e-4, 1);
    this.#robot = robot;
    this.#low = Float64Array.from(box.low);
    this.#high = Float64Array.from(box.high);
    this.#toleranceM = toleranceM;
  }

  assess(motion: Motion): Verdict {
    const early = assessInput(this.name, motion, this.#robot.jointNames.length);
    if (early !== undefined) return early;
    const now = this.#outside(this.#robot.toolPose(motion.positions).position);
    const rest = this.#outside(this.#robot.toolPose(motion.rest).position);
    if (rest === 0) {
      if (now <= this.#toleranceM) return ALLOWED;
      return { scale: RETREAT_SCALE, reason: "workspace_left", sentence: `Slowed: the tool is ${centimetres(now)} outside the workspace, on its way back in.` };
    }
    const allowed = rest < this.#toleranceM ? 1 - rest / this.#toleranceM : 0;
    const scale = rest <= now ? Math.max(allowed, RETREAT_SCALE) : allowed;
    return {
      scale, reason: "workspace_left",
      sentence: `${scale > 0 ? "Slowed" : "Holding"}: the tool would come to rest ${centimetres(rest)} outside the workspace (tolerance ${centimetres(this.#toleranceM)}).`,
    };
  }

  /** Distance from a point to the box, m; 0 inside. */
  #outside(point: ArrayLike<number>): number {
    let squared = 0;
    for (let i = 0; i < 3; i++) {
      const out = Math.max(this.#low[i]! - point[i]!, 0, point[i]! - this.#high[i]!);
      squared += out * out;
    }
    return Math.sqrt(squared);
  }
}
