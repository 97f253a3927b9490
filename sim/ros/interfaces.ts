import { TYPES } from "../../src/ros/messages.js";

import type { InterfaceSpecs } from "../../src/ros/interface-spec.js";

/** All topics and services of the simulator node but those that every node has. */
export const SIMULATOR_INTERFACES = {
  trajectory: {
    kind: "topic", direction: "in", name: "joint_trajectory_controller/joint_trajectory", type: TYPES.jointTrajectory, qos: "command",
    description: "Commands, taken as ros2_control's joint_trajectory_controller takes them.",
  },
  positions: {
    kind: "topic", direction: "in", name: "forward_position_controller/commands", type: TYPES.float64MultiArray, qos: "command",
    description: "Positions, taken as its forward_command_controller takes them.",
  },
  velocities: {
    kind: "topic", direction: "in", name: "forward_velocity_controller/commands", type: TYPES.float64MultiArray, qos: "command",
    description: "Velocities, taken as its forward_command_controller takes them: the joints go on until another command comes.",
  },
  image: { kind: "topic", direction: "out", name: "camera/image_raw", type: TYPES.image, qos: "events", description: "The camera's picture, rgb8." },
  cameraInfo: {
    kind: "topic", direction: "out", name: "camera/camera_info", type: TYPES.cameraInfo, qos: "events", description: "Its calibration: plumb_bob without distortion.",
  },
  staticTransforms: {
    kind: "topic", direction: "out", name: "/tf_static", type: TYPES.transforms, qos: "latched",
    description: "Where the camera stands: `camera_optical_frame` in `fr3_link0`. Where tf2_msgs is installed.",
  },
  depth: {
    kind: "topic", direction: "out", name: "camera/depth/image_raw", type: TYPES.image, qos: "events",
    description: "Depth, 32FC1, m. With the parameter `publish_depth`.",
  },
  segmentation: {
    kind: "topic", direction: "out", name: "camera/segmentation/image_raw", type: TYPES.image, qos: "events",
    description: "Body ids. With the parameter `publish_segmentation`.",
  },
  jointStates: { kind: "topic", direction: "out", name: "joint_states", type: TYPES.jointState, qos: "events", description: "State of the arm and the gripper." },
  clock: { kind: "topic", direction: "out", name: "/clock", type: TYPES.clock, qos: "events", description: "Simulated time. With the parameter `publish_clock`." },
  taskGoalImage: {
    kind: "topic", direction: "out", name: "~/task_goal_image", type: TYPES.image, qos: "latched", description: "The goal picture of the task (of several, the last).",
  },
  taskDistance: {
    kind: "topic", direction: "out", name: "~/task_distance", type: TYPES.float64, qos: "events",
    description: "The true distance to the goal, m: for measuring; the controller never subscribes.",
  },
  taskTolerance: {
    kind: "topic", direction: "out", name: "~/task_tolerance", type: TYPES.float64, qos: "latched", description: "The distance at which the task counts as done, m.",
  },
  taskSuccess: {
    kind: "topic", direction: "out", name: "~/task_success", type: TYPES.bool, qos: "events", description: "Whether the task's rule holds, 5 Hz of simulated time.",
  },
  reset: { kind: "service", name: "~/reset", type: TYPES.trigger, description: "Goes to the start of the parameters `task` and `seed`." },
} as const satisfies InterfaceSpecs;
