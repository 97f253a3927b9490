import { TYPES } from "./messages.js";

import type { InterfaceSpecs } from "./interface-spec.js";

/** Where commands go when the parameter `command_topic` is empty. */
export const TRAJECTORY_TOPIC = "joint_trajectory_controller/joint_trajectory";
export const POSITIONS_TOPIC = "forward_position_controller/commands";
export const VELOCITIES_TOPIC = "forward_velocity_controller/commands";

/** All topics, services and actions of the controller node but those that every node has. */
export const CONTROLLER_INTERFACES = {
  image: {
    kind: "topic", direction: "in", name: "image", type: TYPES.image, qos: "sensor",
    description: "Camera pictures: rgb8, bgr8, rgba8, bgra8 or mono8. With `image_transport: raw`.",
  },
  compressedImage: {
    kind: "topic", direction: "in", name: "image/compressed", type: TYPES.compressedImage, qos: "sensor",
    description: "Camera pictures as PNG or JPEG. With `image_transport: compressed`, instead of `image`; a remapping of `image` moves it, too.",
  },
  cameraInfo: {
    kind: "topic", direction: "in", name: "camera_info", type: TYPES.cameraInfo, qos: "sensor",
    description: "Size of the camera's pictures; a warning is logged when they have another.",
  },
  staticTransforms: {
    kind: "topic", direction: "in", name: "/tf_static", type: TYPES.transforms, qos: "transforms",
    description: "Where the camera stands, for `~/overlay`: from the base link to the frame of `camera_info`. With an empty `camera.pose`, and where tf2_msgs is installed.",
  },
  jointStates: {
    kind: "topic", direction: "in", name: "joint_states", type: TYPES.jointState, qos: "sensor",
    description: "Joint positions and velocities (rad, rad/s; m, m/s), in any order, other joints too.",
  },
  robotDescription: {
    kind: "topic", direction: "in", name: "robot_description", type: TYPES.string, qos: "latched",
    description: "The robot's URDF. Read while the node configures, and only when the parameter `urdf` is empty.",
  },
  goalImage: {
    kind: "topic", direction: "in", name: "~/goal_image", type: TYPES.image, qos: "latched",
    description: "A goal as a picture. `header.frame_id`, if any, is taken for its name.",
  },
  goalImageCompressed: {
    kind: "topic", direction: "in", name: "~/goal_image/compressed", type: TYPES.compressedImage, qos: "latched",
    description: "The same as PNG or JPEG.",
  },
  goalName: {
    kind: "topic", direction: "in", name: "~/goal_name", type: TYPES.string, qos: "command",
    description: "A goal or a sequence of the library, by its name.",
  },
  otherTrajectories: {
    kind: "topic", direction: "in", name: TRAJECTORY_TOPIC, type: TYPES.jointTrajectory, qos: "events",
    description: "Its own command topic, listened to with `command_interface: joint_trajectory`: a command of another node makes the robot hold.",
  },
  otherPositions: {
    kind: "topic", direction: "in", name: POSITIONS_TOPIC, type: TYPES.float64MultiArray, qos: "events",
    description: "The same with `command_interface: forward_position`.",
  },
  otherVelocities: {
    kind: "topic", direction: "in", name: VELOCITIES_TOPIC, type: TYPES.float64MultiArray, qos: "events",
    description: "The same with `command_interface: forward_velocity`.",
  },
  jointTrajectory: {
    kind: "topic", direction: "out", name: TRAJECTORY_TOPIC, type: TYPES.jointTrajectory, qos: "command",
    description: "Commands with `command_interface: joint_trajectory`. Another name by the parameter `command_topic`.",
  },
  positions: {
    kind: "topic", direction: "out", name: POSITIONS_TOPIC, type: TYPES.float64MultiArray, qos: "command",
    description: "Commands with `command_interface: forward_position`: a position for each of `joints` (rad or m), at `command_rate_hz`. Another name by `command_topic`.",
  },
  velocities: {
    kind: "topic", direction: "out", name: VELOCITIES_TOPIC, type: TYPES.float64MultiArray, qos: "command",
    description: "Commands with `command_interface: forward_velocity`: a velocity for each of `joints` (rad/s or m/s), at `command_rate_hz`. Another name by `command_topic`.",
  },
  status: {
    kind: "topic", direction: "out", name: "~/status", type: TYPES.diagnosticStatus, qos: "events",
    description: "What the controller does and why, every cycle: a sentence, and the values state, hold_reason, goal, sub_goal (with sub_goal_number of sub_goals), energy, energy_share, plan_ms, steps and others.",
  },
  plan: {
    kind: "topic", direction: "out", name: "~/plan", type: TYPES.float64MultiArray, qos: "events",
    description: "The planned actions, a row for each step; only while somebody subscribes.",
  },
  predictedLatent: {
    kind: "topic", direction: "out", name: "~/predicted_latent", type: TYPES.float64MultiArray, qos: "events",
    description: "The latent where each plan ends, as the model predicts it; only while somebody subscribes.",
  },
  candidates: {
    kind: "topic", direction: "out", name: "~/candidates", type: TYPES.markerArray, qos: "events",
    description: "Some candidates of each plan, in the base link: `end_points` coloured by rank of energy (bright is best), `paths` of the next best, the chosen `plan`, and where the `tool` is; only while somebody subscribes (docs/views.md).",
  },
  overlay: {
    kind: "topic", direction: "out", name: "~/overlay", type: TYPES.image, qos: "events",
    description: "The camera's picture with candidates' end points, the chosen plan and the state's sentence on it; only while somebody subscribes (docs/views.md).",
  },
  overlayCompressed: {
    kind: "topic", direction: "out", name: "~/overlay/compressed", type: TYPES.compressedImage, qos: "events",
    description: "The same as JPEG; only while somebody subscribes.",
  },
  cameraPose: {
    kind: "topic", direction: "out", name: "~/camera_pose", type: TYPES.poseStamped, qos: "latched",
    description: "Where the camera stands, as `camera.pose` or `/tf_static` say: its optical frame (x right, y down, z ahead) in the base link. Nothing comes while it is not known.",
  },
  objective: {
    kind: "topic", direction: "out", name: "~/objective", type: TYPES.diagnosticStatus, qos: "events",
    description: "Weight, mean, best and share of each objective term in the plan; only while somebody subscribes and a term has a weight (docs/objective.md).",
  },
  diagnostics: {
    kind: "topic", direction: "out", name: "/diagnostics", type: TYPES.diagnosticArray, qos: "events",
    description: "State and rates of the inputs, once a second.",
  },
  stop: {
    kind: "service", name: "~/stop", type: TYPES.trigger,
    description: "Brakes; stays stopped until `~/reset`. The goal is forgotten; a goal of the action ends with STOPPED.",
  },
  calibrateCamera: {
    kind: "service", name: "~/calibrate_camera", type: TYPES.trigger,
    description: "**Moves the robot**: some small moves at the height of the tool, from which it finds how the model's axes are turned (docs/calibration.md). Answers with the calibration as JSON when the robot stands again; `~/reset` ends it before.",
  },
  reset: {
    kind: "service", name: "~/reset", type: TYPES.trigger,
    description: "Ends a stop or a final hold. The goal is forgotten; a goal of the action ends with STOPPED.",
  },
  pause: {
    kind: "service", name: "~/pause", type: TYPES.setBool,
    description: "true: brakes and keeps the goal. false: goes on to it, at the sub-goal it was at. A goal of the action stays active; its time goes on.",
  },
  reachGoalImage: {
    kind: "action", name: "~/reach_goal_image", type: TYPES.reachGoalImage,
    description: "Goes to a goal given as pictures, names or latents, with feedback and a result that says why it ended. The file in `msgs/action/` describes every field and code.",
  },
} as const satisfies InterfaceSpecs;
