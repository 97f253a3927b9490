import { FR3_JOINTS, FR3_WORKSPACE } from "../robot/fr3.js";

import type { DoubleSpec, ParameterSpecs, ParameterValues } from "./parameter-spec.js";

const TERM_WEIGHT = { type: "double", default: 0, range: [0, 1e6], changes: "dynamic" } as const;

/** Terms of the planner's objective beside the goal energy; docs/objective.md has their mathematics. */
const OBJECTIVE_PARAMETERS = {
  "objective.action_smoothness.weight": { ...TERM_WEIGHT, description: "Weight of the changes from action to action. 0: not looked at." },
  "objective.joint_centring.weight": { ...TERM_WEIGHT, description: "Weight of the estimated joints' distance from the middle of their ranges. 0: not looked at." },
  "objective.gripper_effort.weight": { ...TERM_WEIGHT, description: "Weight of opening, closing and pressing. 0: not looked at." },
  "objective.workspace.weight": { ...TERM_WEIGHT, description: "Weight of predicted tool positions near the border of `workspace.low` to `workspace.high` or beyond it. 0: not looked at." },
  "objective.workspace.margin_m": {
    type: "double", default: 0.02, range: [0.001, 1], changes: "static", description: "How far inside the border that cost begins, m.",
  },
  "objective.keep_out.weight": { ...TERM_WEIGHT, description: "Weight of predicted tool positions in keep-out zones or near them. 0: not looked at." },
  "objective.keep_out.margin_m": {
    type: "double", default: 0.03, range: [0.001, 1], changes: "static", description: "How far from a zone that cost begins, m.",
  },
  "objective.expressions": {
    type: "string", default: "", changes: "static",
    description: "Terms of your own, one `name: weight: expression` a line (or between semicolons), such as `low_and_fast: 2.0: max(0, 0.1 - z) * hypot(vx, vy)`.",
  },
  "objective.modules": {
    type: "string", default: "", changes: "static",
    description: "Terms out of ES modules of your own, one `name: weight: path` a line (or between semicolons). A relative path is looked for like `bundle`. They run with the rights of the node.",
  },
} as const satisfies ParameterSpecs;

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
  "camera.pose": {
    type: "string", default: "", changes: "static",
    description: "Where the camera stands, for `~/overlay` alone: its optical frame (x right, y down, z ahead) in `base_link`, as `x y z qx qy qz qw` or `x y z roll pitch yaw`, m and rad (docs/views.md). Empty: as `/tf_static` says.",
  },
  camera_calibration: {
    type: "string", default: "", changes: "static",
    description: "File of `jepa-mpc calibrate` that says how the model's axes are turned against the base frame's (docs/calibration.md), looked for like `bundle`. It must be of this bundle and of the topic that `image` stands for. Empty: not at all.",
  },
  "calibrate.moves": { type: "integer", default: 10, range: [6, 100], changes: "dynamic", description: "Moves of `~/calibrate_camera`." },
  "calibrate.radius_m": {
    type: "double", default: 0.1, range: [0.02, 0.5], changes: "dynamic",
    description: "Radius of the circle round the tool that they stay in, m. It is moved into the workspace.",
  },
  camera_timeout_s: {
    type: "double", default: 0.5, range: [0.05, 60], changes: "static",
    description: "A newest frame older than this makes the robot hold, s.",
  },
  joint_states_timeout_s: {
    type: "double", default: 0.25, range: [0.02, 60], changes: "static",
    description: "A newest joint state older than this makes the robot hold, s.",
  },
  camera_rate_hz: {
    type: "double", default: 0, range: [0, 1000], changes: "static",
    description: "How often pictures should come, Hz: fewer than 80 % of that are a warning in `/diagnostics`. 0: one a control step.",
  },
  joint_states_rate_hz: {
    type: "double", default: 0, range: [0, 10000], changes: "static",
    description: "The same for joint states, Hz. 0: one in each `joint_states_timeout_s`.",
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
  execution_provider: {
    type: "string", default: "cpu", changes: "static",
    description: "What of ONNX Runtime runs the model: `cpu`, or another that the installed build has, such as `webgpu`, `cuda` or `tensorrt`. One that it has not is refused with those that it has.",
  },
  threads: {
    type: "integer", default: 1, range: [1, 64], changes: "static",
    description: "Threads of the model's session.",
  },
  thread_spinning: {
    type: "bool", default: false, changes: "static",
    description: "With more than one of `threads`: whether those that wait for work keep their cores busy.",
  },
  inference_server: {
    type: "string", default: "", changes: "static",
    description: "Inference server that runs the model (docs/remote.md), `grpc://host:port` or `grpcs://host:port` with TLS. Empty: this machine runs it.",
  },
  inference_timeout_ms: {
    type: "double", default: 0, range: [0, 60000], changes: "static",
    description: "A run of the inference server that takes longer than this makes the robot hold, ms. 0: the planner's deadline.",
  },
  inference_root_certificates: {
    type: "string", default: "", changes: "static",
    description: "PEM file of the certificate authorities for `grpcs://`, looked for like `bundle`. Empty: those that Node knows.",
  },
  inference_insecure: {
    type: "bool", default: false, changes: "static",
    description: "Whether an inference server on another machine may be spoken to without TLS.",
  },
  "planner.cores": {
    type: "string", default: "", changes: "static",
    description: "Cores that the planner's threads run on, as taskset lists them, such as `1` or `2-3,6`. Empty: where the system puts them.",
  },
  "planner.method": { type: "string", default: "icem", choices: ["cem", "icem", "mppi"], changes: "static", description: "Optimiser of the action sequence (docs/planners.md)." },
  "planner.samples": { type: "integer", default: 0, range: [0, 65536], changes: "static", description: "Sequences scored in the first iteration, at least 4. 0: as the bundle says, or the optimiser's own number." },
  "planner.iterations": { type: "integer", default: 0, range: [0, 1000], changes: "static", description: "Most iterations a plan; the deadline may end it earlier. 0: as the bundle says, or the optimiser's own number." },
  "planner.elites": { type: "integer", default: 0, range: [0, 8192], changes: "static", description: "Sequences the distribution is refitted to, 2 to half the samples. 0: as the bundle says, or the optimiser's own number." },
  "planner.temperature": {
    type: "double", default: 0.25, range: [0.001, 1000], changes: "static",
    description: "With `mppi`: share of the elites' range of energies at which a weight has fallen to 1/e.",
  },
  "planner.refinement": {
    type: "integer", default: -1, range: [-1, 1000], changes: "static",
    description: "Most populations of the search round the best sequence that follows the iterations; the deadline may end it earlier. -1: as the bundle says, else none.",
  },
  "planner.agreement": {
    type: "double", default: 0, range: [0, 0.99], changes: "static",
    description: "The iterations end when the energy of the worst elite is above that of the best by less than this share of it. 0: never.",
  },
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
  "planner.niceness": {
    type: "integer", default: 0, range: [-20, 19], changes: "static",
    description: "Nice value of the planning thread: below 0 it is served before others when the cores are busy, for which the process needs CAP_SYS_NICE (else it says so and goes on). 0: as the process.",
  },
  "planner.seed": { type: "integer", default: 0, range: [0, 2 ** 31 - 1], changes: "static", description: "Seed of the planner's random sequence, started anew at each goal." },
  "safety.position_margin": {
    type: "double", default: 0.1, range: [0, 1], changes: "static", description: "Distance that arm joints keep from their position limits, rad.",
  },
  "safety.tracking_tolerance": {
    type: "double", default: 0.2, range: [0.01, 3], changes: "static", description: "A joint further from its setpoint than this makes the robot hold, rad.",
  },
  "safety.max_tool_speed_mps": {
    type: "double", default: 0.25, range: [0, 10], changes: "static", description: "Highest speed of the tool, m/s. 0: no limit beyond those of the joints.",
  },
  "safety.workspace_tolerance_m": {
    type: "double", default: 0.01, range: [0, 1], changes: "static", description: "How far outside `workspace` the tool may come to rest before it is halted, m.",
  },
  "safety.singularity_slow_down": {
    type: "double", default: 17, range: [0, 10000], changes: "static",
    description: "Condition number of the tool's Jacobian from which on motion toward a singularity is slowed. 0: singularities are not watched.",
  },
  "safety.singularity_halt": {
    type: "double", default: 30, range: [1, 100000], changes: "static", description: "Condition number at which motion toward a singularity halts.",
  },
  "safety.collision_check": {
    type: "bool", default: true, changes: "static",
    description: "Whether distances between the URDF's collision shapes, and to what `safety.keep_out_file` lists, slow and halt the arm.",
  },
  "safety.self_slow_down_distance_m": {
    type: "double", default: 0.02, range: [0.001, 1], changes: "static", description: "Distance between two links below which the arm is slowed, m.",
  },
  "safety.self_halt_distance_m": {
    type: "double", default: 0.005, range: [0, 1], changes: "static", description: "Distance between two links at which the arm is halted, m.",
  },
  "safety.scene_slow_down_distance_m": {
    type: "double", default: 0.05, range: [0.001, 2], changes: "static",
    description: "Distance to a thing or zone of `safety.keep_out_file` below which the arm is slowed, m; an entry may have its own.",
  },
  "safety.scene_halt_distance_m": {
    type: "double", default: 0.01, range: [0, 2], changes: "static",
    description: "Distance to a thing of `safety.keep_out_file` at which the arm is halted, m; an entry may have its own. Zones halt at their border.",
  },
  "safety.keep_out_file": {
    type: "string", default: "", changes: "static",
    description: "JSON file of keep-out zones and things of the scene (docs/safety.md), looked for like `bundle`. Empty: none.",
  },
  "safety.ignore_unreadable_meshes": {
    type: "bool", default: false, changes: "static",
    description: "Whether collision meshes of the URDF that cannot be read are left out, with a line in the log, instead of refused.",
  },
  image_transport: {
    type: "string", default: "raw", choices: ["raw", "compressed"], changes: "static",
    description: "Whether the camera's pictures are taken from `image` or, as PNG or JPEG, from `image/compressed`.",
  },
  retry_attempt_limit: {
    type: "integer", default: 2, range: [0, 1000], changes: "static",
    description: "Cold starts after a fault of a plan or a command before the goal is given up; progress gives them back.",
  },
  failure_tolerance: {
    type: "double", default: 1, range: [-1, 3600], changes: "static",
    description: "How long a hold may last before a goal of the action is aborted, s. -1: as long as the hold can still end by itself. Goals from topics wait.",
  },
  ...OBJECTIVE_PARAMETERS,
  "memory.enabled": {
    type: "bool", default: true, changes: "static",
    description: "Whether each goal that is gone for is recorded as an episode (pictures, states, plans), see docs/memory.md.",
  },
  "memory.dir": {
    type: "string", default: "", changes: "static",
    description: "Folder of the memory. Empty: `$JEPA_MPC_MEMORY`, else `~/.local/share/jepa-mpc/memory`.",
  },
  "memory.max_gb": {
    type: "double", default: 10, range: [0.01, 100000], changes: "static",
    description: "What the episodes may take on disk, GB (1e9 bytes); the oldest are deleted first, pinned ones never.",
  },
  "surprise.enabled": {
    type: "bool", default: true, changes: "static",
    description: "Whether the robot holds when what is seen cannot be trusted. Without thresholds in the bundle nothing is watched.",
  },
  "surprise.factor": {
    type: "double", default: 1, range: [0.1, 100], changes: "static",
    description: "Multiplies the bundle's thresholds; 1 has the false-alarm rate that the bundle states, more has fewer alarms.",
  },
  "surprise.frames": {
    type: "integer", default: 0, range: [0, 100], changes: "static",
    description: "Pictures in a row above a threshold that make the robot hold. 0: as the bundle says of each score.",
  },
  "adaptation.enabled": {
    type: "bool", default: false, changes: "dynamic",
    description: "Whether plans are corrected by what was learned of this robot: how its arm answers, and where its camera sees things. Bounded; an alarm of surprise forgets it.",
  },
  "adaptation.old_goals": {
    type: "bool", default: false, changes: "dynamic",
    description: "Whether goal pictures were taken before the camera was moved: only the pictures of now are corrected then. false: they were taken by the camera as it stands.",
  },
  "adaptation.file": {
    type: "string", default: "", changes: "static",
    description: "Where what was learned is kept, for the next start with the same bundle and calibration. Empty: `adaptation.json` in the memory's folder.",
  },
  "memory.recall": {
    type: "bool", default: false, changes: "static",
    description: "Whether a search that begins from nothing looks at what was executed in like cases that reached their goal, as candidates beside its own.",
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
