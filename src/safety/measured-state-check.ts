import type { JointLimits, JointState } from "../robot/types.js";
import type { HoldReason } from "./types.js";

/** Why a measured state forbids a step. */
export interface MeasuredFault {
  readonly reason: HoldReason;
  readonly sentence: string;
}

/** What one joint is allowed, in rad or m. */
export interface MeasuredTolerance {
  /** Largest distance between measurement and setpoint; Infinity exempts the joint. */
  readonly tracking: number;
  /** How far outside its limits a measurement may be (sensor noise, calibration). */
  readonly outside: number;
}

/**
 * Looks for a reason not to take a step.
 *
 * @param setpoint where the joints should be now. @param targets where they are wanted: a joint outside its limits may move
 *   back, so it is a fault only when its target is not farther in than the setpoint.
 */
export function findMeasuredFault(
  measured: JointState,
  setpoint: Float64Array,
  targets: Float64Array,
  limits: readonly JointLimits[],
  tolerances: readonly MeasuredTolerance[],
): MeasuredFault | undefined {
  for (const [j, { name, lower, upper }] of limits.entries()) {
    const position = measured.positions[j];
    const tolerance = tolerances[j]!;
    if (position === undefined || !Number.isFinite(position)) {
      return { reason: "tracking_error", sentence: `Holding: the measured position of ${name} is ${position}.` };
    }
    const outward = position > upper + tolerance.outside ? 1 : position < lower - tolerance.outside ? -1 : 0;
    if (outward !== 0 && !((targets[j]! - setpoint[j]!) * outward < 0)) {
      return {
        reason: "joint_out_of_bounds",
        sentence: `Holding: ${name} is at ${position.toFixed(4)}, outside its limits ${lower} to ${upper}, and was not asked to move back in.`,
      };
    }
    const error = Math.abs(position - setpoint[j]!);
    if (error > tolerance.tracking) {
      return {
        reason: "tracking_error",
        sentence: `Holding: ${name} is ${error.toFixed(4)} away from its setpoint (limit ${tolerance.tracking}).`,
      };
    }
  }
  return undefined;
}
