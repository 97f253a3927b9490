import { setTimeout as sleep } from "node:timers/promises";

import { TYPES } from "../ros/messages.js";
import { RosNode } from "../ros/ros-node.js";

import type { DoneResponse, TriggerRequest } from "../ros/messages.js";
import type { RclClient } from "../ros/rclnodejs.js";

export interface CallCalibrationOptions {
  /** The controller's full name. */
  readonly node: string;
  /** How long to wait for the controller, s. */
  readonly waitS: number;
  /** How long the moves may take, s. */
  readonly withinS: number;
  /** Ends the moves when it is aborted. */
  readonly signal: AbortSignal;
}

/** A controller that is gone for so long will not answer, ms. */
const GONE_MS = 3000;
/** Time for a controller to say how the moves ended, after it was told to end them, ms. */
const END_MS = 5000;

/**
 * Has a running controller calibrate its camera.
 *
 * @returns the calibration as JSON, as the controller sent it.
 * @throws Error with one line: a name that is none, ROS 2 not usable, nobody there in time, refused or failed; the robot holds then.
 */
export async function callCalibration({ node, waitS, withinS, signal }: CallCalibrationOptions): Promise<string> {
  if (!/^\/?[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)*$/.test(node)) {
    throw new Error(`${JSON.stringify(node)} is not a node's name; give one such as /jepa_mpc`);
  }
  const controller = node.startsWith("/") ? node : `/${node}`;
  const ros = await RosNode.create(`jepa_mpc_calibrate_${process.pid}`, { argv: [], lifecycle: false });
  try {
    const calibrate = ros.serviceClient<TriggerRequest, DoneResponse>(TYPES.trigger, `${controller}/calibrate_camera`);
    const reset = ros.serviceClient<TriggerRequest, DoneResponse>(TYPES.trigger, `${controller}/reset`);
    ros.spin();
    for (const end = performance.now() + waitS * 1000; !calibrate.isServiceServerAvailable(); await sleep(50)) {
      if (performance.now() > end) {
        throw new Error(`nobody offers ${controller}/calibrate_camera (waited ${waitS} s); is the controller running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`);
      }
    }
    const answer = await answered(calibrate, reset, { controller, withinS, signal });
    if (!answer.success) throw new Error(`${controller}: ${answer.message}`);
    return answer.message;
  } finally {
    ros.close();
  }
}

/** Asks and waits. Whatever ends the waiting also ends the moves. */
async function answered(
  calibrate: RclClient<TriggerRequest, DoneResponse>, reset: RclClient<TriggerRequest, DoneResponse>,
  { controller, withinS, signal }: { readonly controller: string; readonly withinS: number; readonly signal: AbortSignal },
): Promise<DoneResponse> {
  let answer: DoneResponse | undefined;
  calibrate.sendRequest({}, (response) => { answer = { success: response.success, message: response.message }; });
  const endMs = performance.now() + withinS * 1000;
  let seenMs = performance.now();
  let ending: { readonly why: string; readonly atMs: number } | undefined;
  for (;;) {
    if (answer !== undefined && (answer.success || ending === undefined)) return answer;
    if (answer !== undefined) throw new Error(`${ending!.why}; ${controller} says: ${answer.message}`);
    const nowMs = performance.now();
    if (calibrate.isServiceServerAvailable()) seenMs = nowMs;
    else if (nowMs - seenMs > GONE_MS) throw new Error(`${controller} is gone; its last command ends in a stop`);
    if (ending !== undefined && nowMs - ending.atMs > END_MS) throw new Error(`${ending.why}, and ${controller} does not answer: look at the robot`);
    if (ending === undefined && (signal.aborted || nowMs > endMs)) {
      ending = { why: signal.aborted ? "interrupted" : `not done within ${withinS} s`, atMs: nowMs };
      reset.sendRequest({}, () => undefined);
    }
    await sleep(50);
  }
}
