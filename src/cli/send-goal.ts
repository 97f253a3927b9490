import { setTimeout as sleep } from "node:timers/promises";

import { hasInterfaces } from "../ros/environment.js";
import { TYPES } from "../ros/messages.js";
import { RosNode } from "../ros/ros-node.js";
import { reachGoal } from "./reach-goal.js";

import type { RgbImage } from "../camera/types.js";
import type { ImageMessage, ReachGoalImageFeedback, ReachGoalImageGoal, ReachGoalImageResult } from "../ros/messages.js";
import type { ReachGoalOptions, Reached } from "./reach-goal.js";

export interface SendGoalOptions extends Omit<ReachGoalOptions, "node"> {
  /** The controller's full name. */
  readonly node: string;
  readonly goals: readonly { readonly label: string; readonly image: RgbImage }[];
  /** How long to wait for the controller, s. */
  readonly waitS: number;
  /** Whether to publish the goal on the topic although there may be an action. */
  readonly topicOnly: boolean;
}

/** What became of the goal: sent on the topic, which does not tell, or what the action says. */
export type Sent = { readonly kind: "sent" } | Reached;

/** Time for a message to leave before the node is taken down. */
const LEAVE_TIME_MS = 400;
/** Who listens on the topic and offers no action after this time has none, ms. */
const ACTION_PATIENCE_MS = 2000;

/**
 * Gives a controller its goal as soon as it is there: through the action, where it offers one, else on `~/goal_image`. The picture
 * itself is sent and not the goal's name: the controller may run where there is no goal library, or another one.
 *
 * @throws Error with one line: a name that is none, ROS 2 not usable, nobody there in time, or a goal that is refused or lost.
 */
export async function sendGoal({ node, goals, waitS, topicOnly, ...options }: SendGoalOptions): Promise<Sent> {
  if (!/^\/?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/.test(node)) {
    throw new Error(`${JSON.stringify(node)} is not a node's name; give one such as /jepa_mpc`);
  }
  const controller = node.startsWith("/") ? node : `/${node}`;
  const topic = `${controller}/goal_image`;
  const ros = await RosNode.create(`jepa_mpc_goal_sender_${process.pid}`, { argv: [], lifecycle: false });
  try {
    const client = topicOnly || !hasInterfaces("jepa_mpc_msgs") ? undefined
      : ros.actionClient<ReachGoalImageGoal, ReachGoalImageResult, ReachGoalImageFeedback>(TYPES.reachGoalImage, `${controller}/reach_goal_image`);
    const publisher = ros.publisher<ImageMessage>(TYPES.image, topic, "latched");
    ros.spin();
    let listenedSinceMs: number | undefined;
    for (const end = performance.now() + waitS * 1000; ; await sleep(50)) {
      const nowMs = performance.now();
      if (client?.isActionServerAvailable() === true) {
        return await reachGoal(client, goals.map(({ label, image }) => imageMessage(ros, image, label)), { ...options, node: controller });
      }
      if (publisher.subscriptionCount > 0) {
        listenedSinceMs ??= nowMs;
        if (client === undefined || nowMs - listenedSinceMs > ACTION_PATIENCE_MS || nowMs > end) {
          break;
        }
      } else if (nowMs > end) {
        throw new Error(`nobody listens on ${topic} (waited ${waitS} s); is the controller running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`);
      }
    }
    const [first, ...others] = goals;
    if (first === undefined || others.length > 0) {
      throw new Error(`${goals.length} goals need the action ${controller}/reach_goal_image; on the topic ${topic} there is room for one`);
    }
    publisher.publish(imageMessage(ros, first.image, ""));
    await sleep(LEAVE_TIME_MS);
    return { kind: "sent" };
  } finally {
    ros.close();
  }
}

function imageMessage(ros: RosNode, image: RgbImage, label: string): ImageMessage {
  return {
    header: { stamp: ros.stamp(), frame_id: label },
    height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3,
    // A copy: rclnodejs reads a view from the start of its buffer.
    data: image.data.slice(),
  };
}
