import { FR3_JOINTS, FR3_WORKSPACE } from "../robot/fr3.js";

import type { DoubleSpec, ParameterSpecs, ParameterValues } from "./parameter-spec.js";

/** All parameters of the controller node but the limits per joint, which `jointLimitParameters` makes. */
export const CONTROLLER_PARAMETERS = {
  bundle: {
    type: "string", default: "models/arm-objects-jepa", changes: "static",
    description: "Folder of the world-model bundle. A relative path is looked for in the working directory, then in the installation.",
  },
  urdf: {
    type: "string", default: "urdf/fr3.urdf", changes: "static",
    description: "URDF file of the robot, looked for like `bundle`. Empty: the text on the topic `robot_description`.",
  },
  robot_description_timeout_s: {
    type: "double", default: 10, range: [0.1, 300], changes: "static",
    description: "How long configure waits for `robot_description` when `urdf` is empty, s.",
  },
  base_link: { type: "string", default: "fr3_link0", changes: "static", description: "Link that actions and states are expressed in." },
  tool_link: { type: "string", default: "fr3_hand_tcp", changes: "static", description: "Link that the actions move." },
  joints: {
    type: "string_array", changes: "static",
    default: [...FR3_JOINTS],
    description: "Controlled joints in the order of the commands, the gripper's among them.",
  },
  posture: {
    type: "double_array", default: [0, -0.785398, 0, -2.356194, 0, 1.570796, 0.785398, 0.04], changes: "static",
    description: "Posture that a redundant arm is drawn to, one value for each of `joints`, rad or m.",
  },
  "workspace.low": {
    type: "double_array", default: [...FR3_WORKSPACE.low], length: 3, changes: "static",
    description: "Lower corner of the box that the tool is kept in, x y z in the base link, m.",
  },
  "workspace.high": {
    type: "double_array", default: [...FR3_WORKSPACE.high], length: 3, changes: "static", description: "Upper corner of that box, m.",
  },
  "gripper.joint": { type: "string", default: "fr3_finger_joint1", changes: "static", description: "The one of `joints` that moves the gripper." },
  "gripper.max_joint": { type: "double", default: 0.04, range: [0, 10], changes: "static", description: "Value of the gripper's joint when open, m or rad." },
  "gripper.opening_per_joint": {
    type: "double", default: 2, range: [0.001, 1000], changes: "static",
    description: "Opening between the fingers per unit of the gripper's joint.",
  },
  goals_dir: {
    type: "string", default: "", changes: "static",
    description: "Folder of the goal library for `~/goal_name`. Empty: `$JEPA_MPC_GOALS`, else the user's data folder.",
  },
  autostart: {
    type: "bool", default: true, changes: "static",
    description: "Configures and activates at start. False: waits for a lifecycle manager.",
  },
  camera_timeout_s: {
    type: "double", default: 0.5, range: [0.05, 60], changes: "static",
    description: "A newest frame older than this makes the robot hold, s.",
  },
  joint_states_timeout_s: {
    type: "double", default: 0.25, range: [0.02, 60], changes: "static",
    description: "A newest joint state older than this makes the robot hold, s.",
  },
  goal_tolerance: {
    type: "double", default: 0, range: [0, 1e9], changes: "static",
    description: "Energy below which the goal counts as reached. 0: the bundle's `energy.reached_below`.",
  },
  command_interface: {
    type: "string", default: "joint_trajectory", choices: ["joint_trajectory", "forward_position", "forward_velocity"], changes: "static",
    description: "`trajectory_msgs/JointTrajectory` for a joint_trajectory_controller, or positions or velocities as `std_msgs/Float64MultiArray` for a forward_command_controller.",
  },
  command_topic: {
    type: "string", default: "", changes: "static",
    description: "Where commands go. Empty: `joint_trajectory_controller/joint_trajectory` `forward_position_controller/commands` or `forward_velocity_controller/commands`.",
  },
  trajectory_stamp: {
    type: "string", default: "now", choices: ["now", "zero"], changes: "static",
    description: "`now`: trajectories say when they begin, so one that arrives late is driven from where it should be. `zero`: they begin on arrival, for a robot whose clock is not this one's; so do all for as long as the stamps of `joint_states` are not near the time of this node.",
  },
  command_rate_hz: {
    type: "double", default: 50, range: [20, 1000], changes: "static",
    description: "How often the motion under way is looked at, and with forward commands sent, Hz.",
  },
  velocity_gain: {
    type: "double", default: 5, range: [0, 100], changes: "static",
    description: "With `forward_velocity`: what a joint is off its setpoint is made up for at this rate, 1/s.",
  },
  threads: {
    type: "integer", default: 1, range: [1, 64], changes: "static",
    description: "Threads of the model's session.",
  },
  "planner.method": { type: "string", default: "icem", choices: ["cem", "icem"], changes: "static", description: "Optimiser of the action sequence." },
  "planner.samples": { type: "integer", default: 0, range: [0, 65536], changes: "static", description: "Sequences scored in the first iteration, at least 4. 0: as the bundle says, or the optimiser's own number." },
  "planner.iterations": { type: "integer", default: 0, range: [0, 1000], changes: "static", description: "Most iterations a plan; the deadline may end it earlier. 0: as the bundle says, or the optimiser's own number." },
  "planner.elites": { type: "integer", default: 0, range: [0, 8192], changes: "static", description: "Sequences the distribution is refitted to, 2 to half the samples. 0: as the bundle says, or the optimiser's own number." },
  "planner.horizon": {
    type: "integer", default: 0, range: [0, 1000], changes: "static",
    description: "Steps that count for a plan; at most the bundle's horizon, which 0 stands for.",
  },
  "planner.objective": {
    type: "string", default: "bundle", choices: ["bundle", "every_step", "final"], changes: "static",
    description: "Whether the energies of all steps count alike, only the last one's, or as the bundle says (alike, where it says nothing).",
  },
  "planner.deadline_ms": {
    type: "double", default: 0, range: [0, 60000], changes: "dynamic",
    description: "Time for encoding and planning in each control step, ms. 0: 80 % of the bundle's period.",
  },
  "planner.seed": { type: "integer", default: 0, range: [0, 2 ** 31 - 1], changes: "static", description: "Seed of the planner's random sequence, started anew at each goal." },
  "safety.position_margin": {
    type: "double", default: 0.1, range: [0, 1], changes: "static", description: "Distance that arm joints keep from their position limits, rad.",
  },
  "safety.tracking_tolerance": {
    type: "double", default: 0.2, range: [0.01, 3], changes: "static", description: "A joint further from its setpoint than this makes the robot hold, rad.",
  },
} as const satisfies ParameterSpecs;

export type ControllerParameters = ParameterValues<typeof CONTROLLER_PARAMETERS>;

/** What can be limited further than the URDF does, per joint. */
export interface JointLimitOverride {
  readonly maxVelocity: number;
  readonly maxAcceleration: number;
}

/** `joint_limits.<joint>.max_velocity`, `.max_acceleration` and `.max_jerk` of each joint. */
export function jointLimitParameters(joints: readonly string[]): Readonly<Record<string, DoubleSpec>> {
  return Object.fromEntries(joints.flatMap((joint): [string, DoubleSpec][] => [
    [velocityParameter(joint), {
      type: "double", default: 0, range: [0, 1000], changes: "static",
      description: "Highest speed of the joint, rad/s or m/s. 0: the URDF's; a value above the URDF's has no effect.",
    }],
    [jerkParameter(joint), {
      type: "double", default: 0, range: [0, 1000000], changes: "static",
      description: "Highest jerk of the joint, rad/s³ or m/s³. 0: the URDF's; a value above the URDF's has no effect.",
    }],
    [accelerationParameter(joint), {
      type: "double", default: 0, range: [0, 10000], changes: "static",
      description: "Highest acceleration of the joint, rad/s² or m/s². 0: the URDF's; a value above the URDF's has no effect.",
    }],
  ]));
}

export function velocityParameter(joint: string): string {
  return `joint_limits.${joint}.max_velocity`;
}

export function jerkParameter(joint: string): string {
  return `joint_limits.${joint}.max_jerk`;
}

export function accelerationParameter(joint: string): string {
  return `joint_limits.${joint}.max_acceleration`;
}
