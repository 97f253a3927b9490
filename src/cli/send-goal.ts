import { setTimeout as sleep } from "node:timers/promises";

import { hasInterfaces } from "../ros/environment.js";
import { TYPES } from "../ros/messages.js";
import { RosNode } from "../ros/ros-node.js";
import { reachGoal } from "./reach-goal.js";

import type { RgbImage } from "../camera/types.js";
import type { GripperState } from "../goals/goal-file.js";
import type { ImageMessage, ReachGoalImageFeedback, ReachGoalImageGoal, ReachGoalImageResult, StringMessage } from "../ros/messages.js";
import type { QosName } from "../ros/qos.js";
import type { ReachGoalOptions, Reached } from "./reach-goal.js";

export interface SentGoal {
  readonly label: string;
  readonly image: RgbImage;
  /** Energy below which it counts as reached; undefined: as for all of them. */
  readonly tolerance?: number | undefined;
  /** What the gripper is to be, whatever the picture shows. */
  readonly gripper?: GripperState | undefined;
}

export interface SendGoalOptions extends Omit<ReachGoalOptions, "node"> {
  /** The controller's full name. */
  readonly node: string;
  readonly goals: readonly SentGoal[];
  /** Only publishes this name of the controller's own library, instead of pictures. */
  readonly byName?: string;
  /** How long to wait for the controller, s. */
  readonly waitS: number;
  /** Whether to publish the goal on the topic although there may be an action. */
  readonly topicOnly: boolean;
}

/** What became of the goal: sent on the topic, which does not tell, or what the action says. */
export type Sent = { readonly kind: "sent" } | Reached;

/** Time for a message to leave before the node is taken down. */
const LEAVE_TIME_MS = 400;
/** So long somebody may listen on the topic before the action is given up, ms. */
const ACTION_PATIENCE_MS = 2000;

/**
 * Gives a controller its goal as soon as it is there: through the action, where it offers one, else on `~/goal_image`. The picture
 * itself is sent and not the goal's name: the controller may run where there is no goal library, or another one.
 *
 * @throws Error with one line: a name that is none, ROS 2 not usable, nobody there in time, or a goal that is refused or lost.
 */
export async function sendGoal({ node, goals, byName, waitS, topicOnly, ...options }: SendGoalOptions): Promise<Sent> {
  const controller = controllerName(node);
  const ros = await RosNode.create(`jepa_mpc_goal_sender_${process.pid}`, { argv: [], lifecycle: false });
  try {
    if (byName !== undefined) {
      await publish<StringMessage>(ros, { type: TYPES.string, topic: `${controller}/goal_name`, qos: "command", waitS, ready: () => true }, () => ({ data: byName }));
      return { kind: "sent" };
    }
    const client = topicOnly || !hasInterfaces("jepa_mpc_msgs") ? undefined
      : ros.actionClient<ReachGoalImageGoal, ReachGoalImageResult, ReachGoalImageFeedback>(TYPES.reachGoalImage, `${controller}/reach_goal_image`);
    const topic = `${controller}/goal_image`;
    const throughAction = (): boolean => client?.isActionServerAvailable() === true;
    const published = await publish<ImageMessage>(ros, {
      type: TYPES.image, topic, qos: "latched", waitS, instead: throughAction,
      // Who listens and offers no action after some time has none.
      ready: (listenedMs) => client === undefined || listenedMs > ACTION_PATIENCE_MS,
    }, () => imageMessage(ros, onlyPicture(goals, controller), ""));
    return published ? { kind: "sent" } : await reachGoal(client!, entriesOf(ros, goals), { ...options, node: controller });
  } finally {
    ros.close();
  }
}

/** A node's full name. @throws Error with one line when it is none. */
export function controllerName(node: string): string {
  if (!/^\/?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/.test(node)) {
    throw new Error(`${JSON.stringify(node)} is not a node's name; give one such as /jepa_mpc`);
  }
  return node.startsWith("/") ? node : `/${node}`;
}

interface Publishing {
  readonly type: string;
  readonly topic: string;
  readonly qos: QosName;
  /** How long to wait for somebody who listens, s. */
  readonly waitS: number;
  /** Whether to publish to who has listened for so long. */
  readonly ready: (listenedMs: number) => boolean;
  /** Whether there is a better way by now. */
  readonly instead?: () => boolean;
}

/** Publishes one message as soon as somebody listens. @returns false when there was a better way. @throws Error with one line when nobody does in time. */
async function publish<Message>(ros: RosNode, { type, topic, qos, waitS, ready, instead }: Publishing, message: () => Message): Promise<boolean> {
  const publisher = ros.publisher<Message>(type, topic, qos);
  ros.spin();
  let listenedSinceMs: number | undefined;
  for (const end = performance.now() + waitS * 1000; ; await sleep(50)) {
    const nowMs = performance.now();
    if (instead?.() === true) {
      return false;
    }
    if (publisher.subscriptionCount > 0) {
      listenedSinceMs ??= nowMs;
      if (ready(nowMs - listenedSinceMs) || nowMs > end) {
        break;
      }
    } else if (nowMs > end) {
      throw new Error(`nobody listens on ${topic} (waited ${waitS} s); is the controller running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`);
    }
  }
  publisher.publish(message());
  await sleep(LEAVE_TIME_MS);
  return true;
}

/** The picture that fits the topic. @throws Error with one line when there is more to say than a picture. */
function onlyPicture(goals: readonly SentGoal[], controller: string): RgbImage {
  const [first, ...others] = goals;
  const needs = first === undefined || others.length > 0 ? `${goals.length} goals need`
    : first.gripper !== undefined || first.tolerance !== undefined ? `what the goal ${first.label} says besides its picture (gripper, tolerance) needs` : undefined;
  if (needs !== undefined) {
    throw new Error(`${needs} the action ${controller}/reach_goal_image; on the topic ${controller}/goal_image there is room for one picture`);
  }
  return first!.image;
}

/** The entries of the action's goal. */
function entriesOf(ros: RosNode, goals: readonly SentGoal[]): Pick<ReachGoalImageGoal, "images" | "tolerances" | "grippers"> {
  return {
    images: goals.map(({ label, image }) => imageMessage(ros, image, label)),
    tolerances: Float64Array.from(goals, ({ tolerance }) => tolerance ?? 0),
    grippers: goals.map(({ gripper }) => gripper ?? ""),
  };
}

function imageMessage(ros: RosNode, image: RgbImage, label: string): ImageMessage {
  return {
    header: { stamp: ros.stamp(), frame_id: label },
    height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3,
    // A copy: rclnodejs reads a view from the start of its buffer.
    data: image.data.slice(),
  };
}
