import { TRAJECTORY_TOPIC } from "./interfaces.js";
import { TYPES } from "./messages.js";

import type { InterfaceSpecs } from "./interface-spec.js";

/** All topics of the recorder node but those that every node has. */
export const RECORDER_INTERFACES = {
  image: { kind: "topic", direction: "in", name: "image", type: TYPES.image, qos: "sensor", description: "The camera's pictures. With `image_transport: raw`." },
  compressedImage: {
    kind: "topic", direction: "in", name: "image/compressed", type: TYPES.compressedImage, qos: "sensor",
    description: "The same as PNG or JPEG. With `image_transport: compressed`, instead of `image`; a remapping of `image` moves it, too.",
  },
  jointStates: { kind: "topic", direction: "in", name: "joint_states", type: TYPES.jointState, qos: "events", description: "Where the joints are, rad or m." },
  commands: {
    kind: "topic", direction: "in", name: TRAJECTORY_TOPIC, type: TYPES.jointTrajectory, qos: "events",
    description: "Where they are sent: recorded with `actions_from: commands`; while exploring, another commander ends it.",
  },
  trajectory: {
    kind: "topic", direction: "out", name: TRAJECTORY_TOPIC, type: TYPES.jointTrajectory, qos: "command",
    description: "Only with `explore`: each command ends in a stop of its own.",
  },
} as const satisfies InterfaceSpecs;
