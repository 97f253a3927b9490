import type { JointLimits } from "../robot/types.js";

/** The positions a joint may be commanded to (rad or m). */
export interface PositionBounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * The position bounds of a joint, `margin` inside its limits.
 *
 * @throws RangeError when the limits cannot be used: naming the joint and the value.
 */
export function boundsWithMargin(limits: JointLimits, margin: number): PositionBounds {
  for (const [field, value] of [["maxVelocity", limits.maxVelocity], ["maxAcceleration", limits.maxAcceleration], ["maxJerk", limits.maxJerk]] as const) {
    if (!(Number.isFinite(value) && value > 0)) {
      throw new RangeError(`Joint ${limits.name}: ${field} is ${value}, it must be a positive number.`);
    }
  }
  const bounds = { lower: limits.lower + margin, upper: limits.upper - margin };
  if (!(bounds.lower < bounds.upper)) {
    throw new RangeError(`Joint ${limits.name}: limits ${limits.lower} to ${limits.upper} leave no room inside a margin of ${margin}.`);
  }
  return bounds;
}
