import type { ParameterSpecs, ParameterValues } from "./parameter-spec.js";

/** The recorder node's parameters; `jepa-mpc record` sets them. */
export const RECORDER_PARAMETERS = {
  out: { type: "string", default: "", changes: "static", description: "Folder of the data set." },
  robot: {
    type: "string", default: "so101", changes: "static",
    description: "The arm: a name of `config/robots/`, or the path of a robot description (docs/your-own-robot.md).",
  },
  joints: { type: "string", default: "", changes: "static", description: "Joints that are kept, between commas. Empty: the robot's." },
  image_transport: {
    type: "string", default: "raw", choices: ["raw", "compressed"], changes: "static",
    description: "Whether the camera's pictures are taken from `image` or, as PNG or JPEG, from `image/compressed`.",
  },
  period_s: { type: "double", default: 0, range: [0, 5], changes: "static", description: "Time of one action, s. 0: the robot's." },
  steps: { type: "integer", default: 24, range: [2, 999], changes: "static", description: "Actions an episode." },
  image_size: { type: "integer", default: 96, range: [64, 256], changes: "static", description: "Side of the pictures in the data set, pixels." },
  episodes: { type: "integer", default: 0, range: [0, 1000000], changes: "static", description: "Episodes in the folder at which it ends. 0: until it is stopped." },
  explore: { type: "bool", default: false, changes: "static", description: "Moves the arm about, by small joint steps through the command pipeline and its guards." },
  gentleness: { type: "double", default: 1, range: [0.05, 1], changes: "static", description: "With `explore`: share of the robot's largest steps that is used." },
  seed: { type: "integer", default: 0, range: [0, 2 ** 31 - 1], changes: "static", description: "With `explore`: seed of the movements." },
  camera_timeout_s: { type: "double", default: 0.5, range: [0.05, 60], changes: "static", description: "With `explore`: a newest picture older than this makes the arm hold, s." },
  joint_states_timeout_s: { type: "double", default: 0.25, range: [0.02, 60], changes: "static", description: "The same of joint states, s." },
  command_rate_hz: { type: "double", default: 50, range: [20, 1000], changes: "static", description: "With `explore`: how often the motion under way is looked at, Hz." },
  actions_from: {
    type: "string", default: "differences", choices: ["differences", "commands"], changes: "static",
    description: "What actions are made of when a person moves the arm: where the joints went, or where the trajectories on the command topic sent them.",
  },
} as const satisfies ParameterSpecs;

export type RecorderParameters = ParameterValues<typeof RECORDER_PARAMETERS>;
