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

/** Axis-aligned box in the base frame, m. */
export interface Workspace {
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
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

/** A shape that stands still in the base frame. Lengths in m; rotation as fixed-axis roll, pitch, yaw in rad, as in a URDF. */
export type StaticGeometry =
  | { readonly shape: "box"; readonly centerM: readonly number[]; /** Full edge lengths. */ readonly sizeM: readonly number[]; readonly rotationRpyRad: readonly number[] }
  | { readonly shape: "sphere"; readonly centerM: readonly number[]; readonly radiusM: number }
  /** All that lies behind a plane; the normal points out of it, to where the robot may be. */
  | { readonly shape: "half_space"; readonly pointM: readonly number[]; readonly normal: readonly number[] };

/** Something that the robot must keep clear of: air that it may not enter, or a solid thing of the scene. */
export interface StaticObstacle {
  readonly name: string;
  readonly kind: "keep_out" | "scene";
  readonly geometry: StaticGeometry;
  /** The links that must keep clear; without it all links that move. */
  readonly links?: readonly string[];
}
