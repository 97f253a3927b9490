/** Joint positions (rad, or m for prismatic joints) and velocities, in the order of the robot's controlled joints. */
export interface JointState {
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
}

/** Limits of one joint: rad, rad/s, rad/s^2, rad/s^3 (m, m/s, m/s^2, m/s^3 for prismatic joints). */
export interface JointLimits {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
  readonly maxVelocity: number;
  readonly maxAcceleration: number;
  readonly maxJerk: number;
}

/** One waypoint of a trajectory. */
export interface JointTrajectoryPoint {
  readonly positions: number[];
  readonly velocities: number[];
  /** Left out: the joints are interpolated without them. */
  readonly accelerations?: number[];
  /** Seconds from the start of the trajectory. */
  readonly timeFromStartS: number;
}

/** A joint trajectory as trajectory_msgs/JointTrajectory has it. Between points, as ros2_control does: quintic with accelerations, cubic with velocities, linear without. */
export interface JointTrajectory {
  readonly jointNames: readonly string[];
  readonly points: readonly JointTrajectoryPoint[];
}

/** How actions of a world model become joint targets, and joint states become its proprioception. */
export interface ActionSpace {
  /**
   * Joint targets one action away from the setpoint, [joints] (rad, m). A number in the action that is not finite gives NaN in
   * the targets, which `src/safety/` refuses.
   */
  jointTargets(setpointPositions: Float64Array, action: Float32Array): Float64Array;
  /** Proprioception in the order and units of the bundle's manifest. */
  state(joints: JointState): Float32Array;
}
