import { ALLOWED, assessInput } from "./assess-input.js";
import type { Guard, Motion, Verdict } from "./guard.js";
import { requireWithin } from "./threshold.js";
import type { ToolKinematics } from "./tool-kinematics.js";

/**
 * Keeps the tool at or below a speed. 0.25 m/s is what ISO 10218-1 calls reduced speed. Only the tool is looked at: no other
 * part of a usual arm is faster for long, but an elbow can be.
 */
export class CartesianSpeedGuard implements Guard {
  readonly name = "Cartesian speed";
  readonly #robot: ToolKinematics;
  readonly #maxSpeedMps: number;

  /** @throws RangeError when the limit is not positive. */
  constructor(robot: ToolKinematics, maxSpeedMps = 0.25) {
    requireWithin("maxToolSpeedMps", maxSpeedMps, 1e-3, Infinity);
    this.#robot = robot;
    this.#maxSpeedMps = maxSpeedMps;
  }

  assess(motion: Motion): Verdict {
    const n = this.#robot.jointNames.length;
    const early = assessInput(this.name, motion, n);
    if (early !== undefined) return early;
    const jacobian = this.#robot.toolJacobian(motion.positions);
    let x = 0;
    let y = 0;
    let z = 0;
    for (let j = 0; j < n; j++) {
      const velocity = motion.velocities[j]!;
      x += jacobian[j]! * velocity;
      y += jacobian[n + j]! * velocity;
      z += jacobian[2 * n + j]! * velocity;
    }
    const speed = Math.hypot(x, y, z);
    if (speed <= this.#maxSpeedMps) return ALLOWED;
    // A speed that is not a number divides to NaN, which worstVerdict() would take for a fault of the guard.
    const scale = Number.isNaN(speed) ? 0 : this.#maxSpeedMps / speed;
    return {
      scale, reason: "cartesian_speed",
      sentence: `${scale > 0 ? "Slowed" : "Holding"}: the tool would move at ${speed.toPrecision(3)} m/s (limit ${this.#maxSpeedMps} m/s).`,
    };
  }
}
