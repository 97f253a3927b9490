import { decodeRawImage } from "../camera/encodings.js";
import { TYPES } from "./messages.js";
import { RosNode } from "./ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { ImageMessage } from "./messages.js";

export interface CaptureOptions {
  /** Topic of sensor_msgs/msg/Image. */
  readonly topic: string;
  readonly timeoutS: number;
}

/** A topic's name as ROS has it: no empty parts, no digit first, `~` only at the start. */
const TOPIC = /^(\/|~\/)?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/;

/**
 * Waits for one picture of a camera topic, on a node that is only there for this.
 *
 * @returns a picture with data of its own.
 * @throws Error with one line: ROS 2 cannot be used, no such publisher, no picture in time, or an encoding that is not read.
 */
export async function captureImage({ topic, timeoutS }: CaptureOptions): Promise<RgbImage> {
  if (!TOPIC.test(topic)) {
    throw new Error(`${JSON.stringify(topic)} is not a topic's name; give one such as /camera/image_raw`);
  }
  // The process number keeps two captures at once from having one name.
  const ros = await RosNode.create(`jepa_mpc_goal_capture_${process.pid}`, { argv: [], lifecycle: false });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<RgbImage>((resolve, reject) => {
      const subscription = ros.subscribe<ImageMessage>(TYPES.image, topic, "sensor", (message) => {
        try {
          resolve(decodeRawImage(message));
        } catch (error) {
          reject(error instanceof Error ? new Error(`${topic}: ${error.message}`, { cause: error }) : new Error(String(error)));
        }
      });
      timer = setTimeout(() => {
        reject(new Error(subscription.publisherCount === 0
          ? `nobody publishes pictures on ${topic} (waited ${timeoutS} s); is the camera running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`
          : `no picture came on ${topic} in ${timeoutS} s though it has a publisher; give a longer --timeout`));
      }, timeoutS * 1000);
      ros.spin();
    });
  } finally {
    clearTimeout(timer);
    ros.close();
  }
}
