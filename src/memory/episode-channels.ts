import type { MessageTypeName } from "./ros2-messages.js";

/**
 * The topics of an episode's file. Those that the running node has, too, have its names and types, so that one layout shows
 * both. Where a topic has a number per step, it is a message of its own: that is what plotting tools draw.
 */
export const EPISODE_CHANNELS = {
  image: { topic: "/camera/image_raw/compressed", type: "sensor_msgs/msg/CompressedImage" },
  jointStates: { topic: "/joint_states", type: "sensor_msgs/msg/JointState" },
  plan: { topic: "/jepa_mpc/plan", type: "std_msgs/msg/Float64MultiArray" },
  stepEnergies: { topic: "/jepa_mpc/step_energies", type: "std_msgs/msg/Float32MultiArray" },
  state: { topic: "/jepa_mpc/state", type: "std_msgs/msg/Float32MultiArray" },
  latent: { topic: "/jepa_mpc/latent", type: "std_msgs/msg/Float32MultiArray" },
  predicted: { topic: "/jepa_mpc/predicted_latent", type: "std_msgs/msg/Float32MultiArray" },
  objective: { topic: "/jepa_mpc/objective", type: "diagnostic_msgs/msg/DiagnosticStatus" },
  status: { topic: "/jepa_mpc/status", type: "diagnostic_msgs/msg/DiagnosticStatus" },
  goalImage: { topic: "/jepa_mpc/goal/image/compressed", type: "sensor_msgs/msg/CompressedImage" },
  goalLatent: { topic: "/jepa_mpc/goal/latent", type: "std_msgs/msg/Float32MultiArray" },
  timeS: { topic: "/jepa_mpc/step/time_s", type: "std_msgs/msg/Float64" },
  subGoal: { topic: "/jepa_mpc/step/sub_goal", type: "std_msgs/msg/Float64" },
  committed: { topic: "/jepa_mpc/step/committed", type: "std_msgs/msg/Float64" },
  startEnergy: { topic: "/jepa_mpc/step/start_energy", type: "std_msgs/msg/Float64" },
  energy: { topic: "/jepa_mpc/step/energy", type: "std_msgs/msg/Float64" },
  iterations: { topic: "/jepa_mpc/step/iterations", type: "std_msgs/msg/Float64" },
  candidates: { topic: "/jepa_mpc/step/candidates", type: "std_msgs/msg/Float64" },
  encodeMs: { topic: "/jepa_mpc/step/encode_ms", type: "std_msgs/msg/Float64" },
  planMs: { topic: "/jepa_mpc/step/plan_ms", type: "std_msgs/msg/Float64" },
  unlikeness: { topic: "/jepa_mpc/step/unlikeness", type: "std_msgs/msg/Float64" },
} as const satisfies Readonly<Record<string, { readonly topic: string; readonly type: MessageTypeName }>>;

export type EpisodeChannel = keyof typeof EPISODE_CHANNELS;

/** Numbers of a step that every step has. */
export const STEP_NUMBERS = [
  "timeS", "subGoal", "committed", "startEnergy", "energy", "iterations", "candidates", "encodeMs", "planMs",
] as const satisfies readonly EpisodeChannel[];

/** Names of the MCAP metadata records; each has one entry, `json`. */
export const EPISODE_METADATA = { header: "jepa_mpc.episode", writer: "jepa_mpc.writer", outcome: "jepa_mpc.outcome" } as const;
