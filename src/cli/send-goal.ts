import { setTimeout as sleep } from "node:timers/promises";

import { TYPES } from "../ros/messages.js";
import { RosNode } from "../ros/ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { ImageMessage } from "../ros/messages.js";

export interface SendGoalOptions {
  /** The controller's full name. */
  readonly node: string;
  readonly image: RgbImage;
  readonly timeoutS: number;
}

/** Time for a message to leave before the node is taken down. */
const LEAVE_TIME_MS = 400;

/**
 * Publishes a picture on the controller's `~/goal_image`, as soon as the controller listens. The picture itself is sent and not
 * the goal's name: the controller may run where there is no goal library, or another one.
 *
 * @throws Error with one line: a name that is none, ROS 2 not usable, or nobody listening in time.
 */
export async function sendGoal({ node, image, timeoutS }: SendGoalOptions): Promise<void> {
  if (!/^\/?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/.test(node)) {
    throw new Error(`${JSON.stringify(node)} is not a node's name; give one such as /jepa_mpc`);
  }
  const topic = `${node.startsWith("/") ? "" : "/"}${node}/goal_image`;
  const ros = await RosNode.create(`jepa_mpc_goal_sender_${process.pid}`, { argv: [], lifecycle: false });
  try {
    const publisher = ros.publisher<ImageMessage>(TYPES.image, topic, "latched");
    ros.spin();
    for (const end = performance.now() + timeoutS * 1000; publisher.subscriptionCount === 0; await sleep(50)) {
      if (performance.now() > end) {
        throw new Error(`nobody listens on ${topic} (waited ${timeoutS} s); is the controller running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`);
      }
    }
    publisher.publish({
      header: { stamp: ros.stamp(), frame_id: "" },
      height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3,
      // A copy: rclnodejs reads a view from the start of its buffer.
      data: image.data.slice(),
    });
    await sleep(LEAVE_TIME_MS);
  } finally {
    ros.close();
  }
}
