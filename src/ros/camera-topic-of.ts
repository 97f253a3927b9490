import { setTimeout as sleep } from "node:timers/promises";

import { TYPES } from "./messages.js";

import type { RosNode } from "./ros-node.js";

const LOOK_EVERY_MS = 50;

/**
 * The topic of pictures that a running controller looks at, as remapped; one that ends with /compressed has PNG or JPEG.
 *
 * @param controller its full name. @param signal ends looking. @throws Error with one line when it looks at none, or at several.
 */
export async function cameraTopicOf(ros: RosNode, controller: string, waitS: number, signal: AbortSignal): Promise<string> {
  let topics: string[] = [];
  for (const end = performance.now() + waitS * 1000; performance.now() < end; await sleep(LOOK_EVERY_MS)) {
    signal.throwIfAborted();
    topics = ros.subscriptionsOf(controller).filter(({ name, types }) =>
      !name.startsWith(`${controller}/goal_image`) && types.some((type) => type === TYPES.image || type === TYPES.compressedImage)).map(({ name }) => name);
    if (topics.length > 0) break;
  }
  if (topics.length !== 1) {
    throw new Error(`${controller} ${topics.length === 0 ? `was not seen to look at a camera (waited ${waitS} s)` : `looks at ${topics.join(" and ")}`}; say which topic with --camera`);
  }
  return topics[0]!;
}
