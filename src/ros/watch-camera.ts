import { decodeRawImage } from "../camera/encodings.js";
import { TYPES } from "./messages.js";
import { RosNode } from "./ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { ImageMessage, JointStateMessage } from "./messages.js";

export interface WatchOptions {
  /** Topic of sensor_msgs/msg/Image. */
  readonly topic: string;
  /** Given each picture, with data of its own. */
  readonly onImage: (image: RgbImage) => void;
  /** Given what is wrong with a picture, in one line that begins with the topic. */
  readonly onError: (error: Error) => void;
  /** Topic of sensor_msgs/msg/JointState that is watched, too. */
  readonly joints?: { readonly topic: string; readonly onJoints: (message: JointStateMessage) => void };
}

/** A camera that is being looked at, until close(). */
export interface CameraWatch {
  /** Who publishes pictures. */
  readonly publishers: number;
  readonly jointPublishers: number;
  close(): void;
}

/** A topic's name as ROS has it: no empty parts, no digit first, `~` only at the start. */
const TOPIC = /^(\/|~\/)?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/;

/**
 * Looks at a camera topic, on a node that is only there for this.
 *
 * @throws Error with one line: a topic's name that is none, or ROS 2 cannot be used.
 */
export async function watchCamera({ topic, onImage, onError, joints }: WatchOptions): Promise<CameraWatch> {
  for (const name of [topic, ...(joints === undefined ? [] : [joints.topic])]) {
    if (!TOPIC.test(name)) {
      throw new Error(`${JSON.stringify(name)} is not a topic's name; give one such as /camera/image_raw`);
    }
  }
  // The process number keeps two of them at once from having one name.
  const ros = await RosNode.create(`jepa_mpc_goal_capture_${process.pid}`, { argv: [], lifecycle: false });
  const pictures = ros.subscribe<ImageMessage>(TYPES.image, topic, "sensor", (message) => {
    let image: RgbImage;
    try {
      image = decodeRawImage(message);
    } catch (error) {
      onError(error instanceof Error ? new Error(`${topic}: ${error.message}`, { cause: error }) : new Error(String(error)));
      return;
    }
    onImage(image);
  });
  const states = joints === undefined ? undefined : ros.subscribe<JointStateMessage>(TYPES.jointState, joints.topic, "sensor", joints.onJoints);
  ros.spin();
  return {
    get publishers() { return pictures.publisherCount; },
    get jointPublishers() { return states?.publisherCount ?? 0; },
    close: () => { ros.close(); },
  };
}

/** Why no picture came, in one line. */
export function noPicture(topic: string, publishers: number, waitedS: number): Error {
  return new Error(publishers === 0
    ? `nobody publishes pictures on ${topic} (waited ${waitedS} s); is the camera running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`
    : `no picture came on ${topic} in ${waitedS} s though it has a publisher; give a longer --timeout`);
}
