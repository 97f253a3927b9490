import type { JointLimits, JointState } from "../robot/types.js";

/** Where and how fast the joints should be, [joints] each. */
interface Wanted {
  readonly positions: ArrayLike<number>;
  readonly velocities: ArrayLike<number>;
}

/**
 * Velocities that follow a moving setpoint: its own velocity and, where the joints are measured, `gain` (1/s) times what they are off,
 * within their velocity limits. Without a measurement, or one that is not finite, the setpoint's velocity alone, which ends in zero.
 */
export function velocityCommand(wanted: Wanted, measured: JointState | undefined, limits: readonly JointLimits[], gain: number): Float64Array {
  return Float64Array.from(limits, ({ maxVelocity }, j) => {
    const velocity = wanted.velocities[j]!;
    const off = wanted.positions[j]! - (measured?.positions[j] ?? NaN);
    const corrected = Number.isFinite(off) ? velocity + gain * off : velocity;
    return Math.min(maxVelocity, Math.max(-maxVelocity, corrected));
  });
}
