import type { JointLimits, JointState } from "../../src/robot/types.js";

/** Joints like those of the demo's arm: seven revolute ones and a finger. */
export const JOINTS: readonly JointLimits[] = [
  ...[[-2.7437, 2.7437], [-1.7837, 1.7837], [-2.9007, 2.9007], [-3.0421, -0.1518], [-2.8065, 2.8065], [0.5445, 4.5169], [-3.0159, 3.0159]]
    .map(([lower, upper], i) => ({ name: `fr3_joint${i + 1}`, lower: lower!, upper: upper!, maxVelocity: 2.62, maxAcceleration: 10, maxJerk: 5000 })),
  { name: "fr3_finger_joint1", lower: 0, upper: 0.04, maxVelocity: 0.2, maxAcceleration: 2, maxJerk: 200 },
];

/** A usual start. */
export const HOME = [0, -0.5, 0, -2.2, 0, 1.8, 0.78, 0.02];

/** Joints at rest. */
export function atRest(positions: readonly number[]): JointState {
  return { positions: Float64Array.from(positions), velocities: new Float64Array(positions.length) };
}
