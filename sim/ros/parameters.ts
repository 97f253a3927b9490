import { LEAST_SIDE, MOST_SIDE } from "../picture-size.js";
import { TASK_NAMES } from "../tasks.js";
import type { ParameterSpecs, ParameterValues } from "../../src/ros/parameter-spec.js";

/** The simulator node's parameters. */
export const SIMULATOR_PARAMETERS = {
  robot: {
    type: "string", default: "fr3", changes: "static",
    description: "The arm: `fr3`, another name of `config/robots/`, or the path of a robot description (docs/your-own-robot.md).",
  },
  task: {
    type: "string", default: "reach", choices: [...TASK_NAMES, "none"], changes: "dynamic",
    description: "What a reset sets up: a task with its goal picture, or only a new start. Read at each `~/reset`.",
  },
  seed: {
    type: "integer", default: 0, range: [0, 2 ** 31 - 1], changes: "dynamic",
    description: "Seed of the start (and of the task's goal). Read at each `~/reset`.",
  },
  image_width: { type: "integer", default: 96, range: [LEAST_SIDE, MOST_SIDE], changes: "static", description: "Width of the camera's pictures in pixels." },
  image_height: { type: "integer", default: 96, range: [LEAST_SIDE, MOST_SIDE], changes: "static", description: "Height of the camera's pictures in pixels." },
  camera_turn_deg: {
    type: "double", default: 0, range: [-180, 180], changes: "static",
    description: "How far the camera stands round the workspace from where it was in training, counterclockwise from above, degrees.",
  },
  camera_rate_hz: { type: "double", default: 10, range: [0.5, 50], changes: "static", description: "Pictures per simulated second." },
  publish_depth: { type: "bool", default: false, changes: "static", description: "Publishes `camera/depth/image_raw` (32FC1, m)." },
  publish_segmentation: {
    type: "bool", default: false, changes: "static",
    description: "Publishes `camera/segmentation/image_raw` (16UC1, MuJoCo body number + 1, 0 where nothing is hit).",
  },
  realtime_factor: {
    type: "double", default: 1, range: [0, 100], changes: "dynamic",
    description: "Simulated seconds per real second; 0 runs as fast as possible.",
  },
  publish_clock: {
    type: "bool", default: true, changes: "static",
    description: "Publishes `/clock` and stamps with simulated time (others need `use_sim_time`). When false, stamps are the computer's time.",
  },
} as const satisfies ParameterSpecs;

export type SimulatorParameters = ParameterValues<typeof SIMULATOR_PARAMETERS>;
