import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { whyLeft, type Why } from "../chain/pursuit.js";
import { WayWatch } from "../chain/way-watch.js";
import { cameraTopicOf } from "../ros/camera-topic-of.js";
import { hasInterfaces } from "../ros/environment.js";
import { FreshPictures } from "../ros/fresh-pictures.js";
import { GOAL_ERROR } from "../ros/goal-error-code.js";
import { MAX_SUB_GOALS } from "../ros/goal-request.js";
import { locate } from "../ros/locate.js";
import { TYPES } from "../ros/messages.js";
import { RemoteParameters } from "../ros/remote-parameters.js";
import { RosNode } from "../ros/ros-node.js";
import { findBundleDir } from "./bundle-dir.js";
import { ChainThread } from "./chain-thread.js";
import { reachGoal } from "./reach-goal.js";
import { controllerName } from "./send-goal.js";

import type { Chain, ChainLink } from "../chain/chain-finder.js";
import type { DiagnosticStatusMessage, ReachGoalImageFeedback, ReachGoalImageGoal, ReachGoalImageResult } from "../ros/messages.js";
import type { RclActionClient } from "../ros/rclnodejs.js";
import type { Reached } from "./reach-goal.js";
import type { SentGoal } from "./send-goal.js";

export interface SendChainOptions {
  /** The controller's full name. */
  readonly node: string;
  readonly goal: SentGoal;
  /** Folder of what was lived. */
  readonly folder: string;
  /** Episodes of it that are used. Default: all. */
  readonly episodes?: number;
  /** Bundle as typed. Default: the one that the controller says it has. */
  readonly bundle?: string;
  /** Topic of pictures. Default: the one that the controller looks at. */
  readonly camera?: string;
  /** How long to wait for the controller, and for a picture, s. */
  readonly waitS: number;
  /** Time on the way, s, without that in which ways are looked for; 0: none. */
  readonly timeoutS: number;
  /** Energy below which sub-goals count as reached; 0: the controller's own. */
  readonly tolerance: number;
  /** Told how many pictures are remembered. */
  readonly onRemembered: (done: number, all: number) => void;
  /** Told about the way, ten times a second. */
  readonly onProgress: (line: string) => void;
  /** Told what stays: each way that is found, and why another one is looked for. */
  readonly onWay: (line: string) => void;
  /** Cancels the goal when it is aborted, or ends looking for a way. */
  readonly signal: AbortSignal;
}

type Client = RclActionClient<ReachGoalImageGoal, ReachGoalImageResult, ReachGoalImageFeedback>;

/** What is there on the way. */
interface Going {
  readonly controller: string;
  readonly client: Client;
  readonly pictures: FreshPictures;
  readonly chains: ChainThread;
  readonly encoderSha256: string;
  /** State of the controller as it last said it; undefined until then. */
  readonly state: () => string | undefined;
}

/** How a way ended, and the sub-goal after which it was left because a thing was elsewhere. */
interface WayEnd {
  readonly reached: Reached;
  readonly left: ChainLink | undefined;
}

class Interrupted extends Error {}

/**
 * Sends a running controller to a goal by sub-goals that are found in what was lived, and looks for another way from where things are seen whenever the `WayWatch` doubts the one that is gone. While a way is
 * looked for no goal is sent: the arm holds.
 *
 * @throws Error with one line: nobody there, no pictures, another bundle, no way, or a goal that is refused or lost.
 */
export async function sendChain(options: SendChainOptions): Promise<Reached> {
  const controller = controllerName(options.node);
  if (!hasInterfaces("jepa_mpc_msgs")) {
    throw new Error("--chain needs the action ~/reach_goal_image, and the interface package jepa_mpc_msgs is not built for this ROS 2; build it (msgs/) and run `npm run setup`");
  }
  const ros = await RosNode.create(`jepa_mpc_goal_sender_${process.pid}`, { argv: [], lifecycle: false });
  let pictures: FreshPictures | undefined;
  let chains: ChainThread | undefined;
  try {
    const client: Client = ros.actionClient(TYPES.reachGoalImage, `${controller}/reach_goal_image`);
    const parameters = new RemoteParameters(ros, controller);
    let state: string | undefined;
    ros.subscribe<DiagnosticStatusMessage>(TYPES.diagnosticStatus, `${controller}/status`, "events", ({ values }) => { state = values.find(({ key }) => key === "state")?.value; });
    ros.spin();
    const { waitS, signal } = options;
    // What goes on after an interrupt must find neither node nor thread to begin something with.
    const prepare = async (): Promise<Going> => {
      await untilServed(client, controller, waitS, signal);
      const bundleDirectory = options.bundle === undefined ? await bundleOf(parameters, controller) : findBundleDir(options.bundle);
      const topic = options.camera ?? (await cameraTopicOf(ros, controller, waitS, signal));
      signal.throwIfAborted();
      pictures = new FreshPictures(ros, topic);
      // What was lived takes its time; that there are no pictures is to be known before.
      await pictures.next(waitS);
      signal.throwIfAborted();
      const { folder, episodes, onRemembered } = options;
      chains = new ChainThread({ bundleDirectory, folder, onProgress: onRemembered, ...(episodes === undefined ? {} : { episodes }) });
      return { controller, client, pictures, chains, encoderSha256: (await chains.open()).encoderSha256, state: () => state };
    };
    const going = await unlessAborted(signal, prepare());
    await unlessAborted(signal, going.chains.goal(options.goal.image, options.goal.gripper));
    return await go(going, options);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return { kind: "canceled", sentence: "interrupted while a way was looked for; no goal is under way", code: GOAL_ERROR.canceled, tookS: 0 };
  } finally {
    pictures?.close();
    await chains?.close();
    ros.close();
  }
}

/** Way after way, until the goal is reached or given up. */
async function go(going: Going, options: SendChainOptions): Promise<Reached> {
  const { timeoutS, onWay, signal } = options;
  let watch: WayWatch<ChainLink> | undefined;
  let onTheWayS = 0;
  let why: Why = "begin";
  for (;;) {
    onWay(watch === undefined ? "looking for a way; the first time can take some minutes" : `looking for another way from here (way ${watch.ways + 1}); the arm holds`);
    const chain: Chain = await unlessAborted(signal, findWay(going, why, options));
    const { links, complete } = chain;
    const state = going.state();
    // Meanwhile nothing of ours was under way: whoever took the robot is not to lose it.
    if (watch !== undefined && !isFree(state)) {
      throw new Error(`${going.controller} was given something else to do while another way was looked for (it is ${state}); send the goal again when it is done`);
    }
    const way = links.slice(0, MAX_SUB_GOALS);
    if (watch === undefined) watch = new WayWatch(way);
    else watch.begin(way);
    onWay(`way ${watch.ways}, ${links.length === 1 ? "1 sub-goal" : `${links.length} sub-goals`}: ${links.map(({ name, passed }) => `${name}${passed ? "" : " (doubtful)"}`).join(", ")}`);
    const { reached, left } = await follow(going, watch, way.map(({ reachedBelow }) => reachedBelow), timeoutS === 0 ? 0 : timeoutS - onTheWayS, options);
    onTheWayS += reached.tookS;
    const told = watch.ways === 1 ? reached : { ...reached, sentence: `${reached.sentence}; the way was looked for ${watch.ways} times` };
    if (signal.aborted) return told;
    if (reached.kind === "reached" && complete && way.length === links.length) return told;
    if (timeoutS !== 0 && (onTheWayS >= timeoutS || reached.code === GOAL_ERROR.timeout)) {
      // The controller was only given what was left of the time.
      return { ...told, kind: "failed", sentence: `TIMEOUT: Not reached within ${timeoutS} s on the way; the way was looked for ${watch.ways === 1 ? "once" : `${watch.ways} times`}` };
    }
    const stuck = reached.code === GOAL_ERROR.noProgress && watch.doubt(undefined, true) !== undefined;
    const partly = reached.kind === "reached" && watch.doubt(undefined, true) !== undefined;
    if (left === undefined && !stuck && !partly) return reached.kind === "reached" ? { ...told, kind: "failed", sentence: `not everything is in its place, and ${told.sentence}` } : told;
    const then = left !== undefined ? whyLeft(left) : stuck ? "stuck" : "done";
    onWay({
      aim: "nearer by, the thing is seen a little elsewhere",
      missed: `after sub-goal ${left?.name ?? ""} a thing is elsewhere than it should be`,
      stuck: "nothing gets nearer any more",
      done: "this way is done, the goal is not reached yet",
    }[then]);
    why = then;
  }
}

/** Whether a controller whose `~/status` says this, or nothing yet, has nothing under way: what was reached, the end of a way too, stays "reached". */
export function isFree(state: string | undefined): boolean {
  return state === undefined || state === "idle" || state === "reached";
}

/** A way from where things are seen now. Nothing may be under way. */
async function findWay({ pictures, chains, controller }: Going, why: Why, { folder, waitS, goal: { label } }: SendChainOptions): Promise<Chain> {
  const chain = await chains.next(await chains.look(await pictures.next(waitS)), why);
  if (chain === undefined) {
    throw new Error(`what was lived in ${folder} does not lead from what ${controller} sees to ${label}; the arm holds; give more of it (--chain, --chain-episodes), or a goal that is nearer`);
  }
  return chain;
}

/** Sends a way and looks on; `reachedBelow` says of its sub-goals what is near enough, undefined as for the goal. Cancels it when a sub-goal was left with things elsewhere. Ends when the controller has said how it ended: by then the arm holds. */
async function follow({ controller, client, pictures, chains, encoderSha256 }: Going, watch: WayWatch<ChainLink>, reachedBelow: readonly (number | undefined)[], timeoutS: number, options: SendChainOptions): Promise<WayEnd> {
  const leave = new AbortController();
  let left: ChainLink | undefined;
  let failure: { readonly error: unknown } | undefined;
  const check = async (subGoal: ChainLink): Promise<void> => {
    // What came last, not what comes next: the hand is on its way to the next sub-goal, maybe with the thing.
    const seen = await chains.look(await pictures.now(options.waitS));
    if (leave.signal.aborted || !(await chains.isElsewhere(seen, subGoal))) return;
    left = subGoal;
    leave.abort();
  };
  const reached = await reachGoal(client, {
    latent_names: watch.way.map(({ name }) => name), latents: joined(watch.way.map(({ latent }) => latent)), encoder_sha256: encoderSha256,
    // What is near enough for the goal is near enough on the way.
    tolerances: Float64Array.from(reachedBelow, (own) => own === undefined ? 0 : Math.max(own, options.tolerance)),
  }, {
    node: controller, tolerance: options.tolerance, timeoutS, onProgress: options.onProgress, signal: AbortSignal.any([options.signal, leave.signal]),
    onFeedback: ({ sub_goal: number }) => {
      const doubted = watch.doubt(number, false);
      if (doubted?.kind !== "left" || leave.signal.aborted) return;
      check(doubted.subGoal).catch((error: unknown) => {
        // Nobody could see any more whether the way makes sense.
        failure ??= { error };
        leave.abort();
      });
    },
  });
  // A check that comes to its end now is of no use any more.
  const canceledHere = reached.kind === "canceled" && leave.signal.aborted && !options.signal.aborted;
  leave.abort();
  if (canceledHere && failure !== undefined) throw failure.error;
  return { reached, left: canceledHere ? left : undefined };
}

async function untilServed(client: Client, controller: string, waitS: number, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + waitS * 1000; !client.isActionServerAvailable(); await sleep(50)) {
    signal.throwIfAborted();
    if (performance.now() > end) {
      throw new Error(`nobody offers the action ${controller}/reach_goal_image (waited ${waitS} s); is the controller running, and in ROS domain ${process.env["ROS_DOMAIN_ID"] ?? "0"}?`);
    }
  }
}

/** The folder of the bundle that a controller runs. @throws Error with one line when it is not on this machine. */
async function bundleOf(parameters: RemoteParameters, controller: string): Promise<string> {
  const [named] = await parameters.values(["bundle"]);
  const advice = "give the same bundle with --bundle";
  if (typeof named !== "string") throw new Error(`${controller} does not say which bundle it has; ${advice}`);
  let folder: string;
  try {
    folder = locate("bundle", named);
  } catch (error) {
    throw new Error(`the bundle of ${controller}, ${JSON.stringify(named)}, is not on this machine; ${advice}`, { cause: error });
  }
  if (!existsSync(join(folder, "manifest.json"))) throw new Error(`the bundle of ${controller} is not in ${folder} on this machine; ${advice}`);
  return folder;
}

function joined(latents: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(latents.reduce((sum, { length }) => sum + length, 0));
  latents.reduce((at, latent) => {
    all.set(latent, at);
    return at + latent.length;
  }, 0);
  return all;
}

/** Rejects with Interrupted as soon as the signal is aborted; what the work comes to is lost then. */
function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => { reject(new Interrupted()); };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => { signal.removeEventListener("abort", stop); });
  });
}
