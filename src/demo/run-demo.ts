import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { DEFAULT_CAMERA, opticalPose } from "../../sim/camera-pose.js";
import { cameraSide } from "../../sim/picture-size.js";
import { formatOpticalPose } from "../camera/optical-pose.js";
import { readImageFile } from "../camera/files.js";
import { rosArguments } from "../cli/ros-arguments.js";
import { writeLineChart } from "../plots/line-chart.js";
import { writeStrip } from "../plots/strip.js";
import { confineToLoopback } from "../ros/loopback.js";
import { loadRclnodejs } from "../ros/rclnodejs.js";
import { readManifest } from "../world-model/index.js";
import { ChildNode } from "./child-node.js";
import { Observer } from "./observer.js";
import { ProgressLine } from "./progress-line.js";
import { quantile, rateHz, rounded } from "./summary.js";

import type { TaskName } from "../../sim/tasks.js";
import type { RgbImage } from "../camera/types.js";
import type { SeenStatus } from "./observer.js";
import type { DemoSummary } from "./summary.js";

export interface DemoOptions {
  readonly task: TaskName;
  readonly seed: number;
  /** PNG or JPEG used as the goal instead of the task's. */
  readonly goal?: string;
  /** Bundle folder. */
  readonly bundle: string;
  readonly domainId?: number;
  /** Real seconds after the goal was sent. */
  readonly timeoutS: number;
  /** Where `demo-<time>` is made. */
  readonly runs: string;
  readonly headless: boolean;
  /** Everything but the result goes to stderr. */
  readonly json: boolean;
}

/** How long the nodes get to come up, s. */
const READY_WITHIN_S = 60;
/** How long the arm gets to come to rest before the distance is read, s. */
const SETTLE_S = 0.6;

interface Sample {
  readonly timeS: number;
  readonly energy: number;
  readonly distanceM: number | undefined;
}

/**
 * Runs simulator and controller as two processes on a private ROS graph, sends the goal's picture and watches.
 *
 * @returns the result; its JSON line is for the caller to print.
 * @throws Error with one line: no ROS, a child that died (which, with its last log line), nothing ready in time.
 */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const out = new ProgressLine(options.json ? process.stderr : process.stdout);
  // A private graph on the loopback interface: the demo must not meet a robot.
  process.env["ROS_DOMAIN_ID"] = String(options.domainId ?? 1 + (process.pid % 100));
  confineToLoopback(process.env);
  await loadRclnodejs();
  const { image } = await readManifest(options.bundle);
  const goalFile = options.goal === undefined ? undefined : await readImageFile(options.goal);

  const run = join(resolve(options.runs), `demo-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`);
  await mkdir(run, { recursive: true });
  const env: NodeJS.ProcessEnv = { ...process.env, ROS_LOG_DIR: join(run, "ros") };
  const children = [
    new ChildNode("simulator", compiled("../../sim/ros/simulator-main.js"),
      rosArguments(undefined, [
        { name: "task", text: options.task }, { name: "seed", integer: options.seed },
        { name: "image_width", integer: cameraSide(image.width) }, { name: "image_height", integer: cameraSide(image.height) },
      ], []), join(run, "simulator.log"), env),
    new ChildNode("controller", compiled("../ros/controller-main.js"), rosArguments(undefined, [
      { name: "use_sim_time", truth: true },
      // A demonstration leaves nothing behind.
      { name: "memory.enabled", truth: false },
      { name: "planner.seed", integer: options.seed },
      { name: "bundle", text: resolve(options.bundle) },
      { name: "camera.pose", text: formatOpticalPose(opticalPose(DEFAULT_CAMERA)) },
    ], ["-r", "image:=camera/image_raw", "-r", "camera_info:=camera/camera_info"]), join(run, "controller.log"), env),
  ];
  const died = Promise.race(children.map(async (child): Promise<never> => {
    const what = await child.ended;
    throw new Error(`the ${child.name} ${what}; its last line: ${child.lastLine} (log: ${child.logFile})`);
  }));
  // It is raced below; between the races nobody listens.
  died.catch(() => undefined);

  let interrupted: (error: Error) => void = () => undefined;
  const interruption = new Promise<never>((_, reject) => { interrupted = reject; });
  interruption.catch(() => undefined);
  const onSignal = (signal: NodeJS.Signals): void => { interrupted(new Interrupted(`interrupted by ${signal}`)); };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);

  let observer: Observer | undefined;
  const over = new AbortController();
  try {
    observer = await Observer.create();
    const watching = observer;
    out.say(`simulator (pid ${children[0]?.pid}) and controller (pid ${children[1]?.pid}) on ROS_DOMAIN_ID ${env["ROS_DOMAIN_ID"]}, logs in ${relative(".", run) || run}`);
    const watched = watch(watching, options, goalFile, run, out, over.signal);
    // When it loses the race it ends by the abort below.
    watched.catch(() => undefined);
    return await Promise.race([watched, died, interruption]);
  } finally {
    // Whoever lost the race must not go on waiting: the process ends when nobody waits any more.
    over.abort();
    out.done();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    // The controller first, so that its hold still finds the arm.
    for (const child of children.reverse()) {
      await child.end();
    }
    observer?.close();
  }
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

async function watch(
  seen: Observer, options: DemoOptions, goalFile: RgbImage | undefined, run: string, out: ProgressLine, over: AbortSignal,
): Promise<DemoSummary> {
  await until(over, READY_WITHIN_S, () => {
    const missing = whatIsMissing(seen);
    out.update(missing === undefined ? "ready" : `waiting for ${missing}`);
    return missing === undefined;
  }, () => `not ready after ${READY_WITHIN_S} s: no ${whatIsMissing(seen) ?? "answer"} (logs in ${run})`);

  const goal = goalFile ?? seen.taskGoal!;
  const goalName = goalFile === undefined ? `${options.task}-${options.seed}` : "file";
  const startImage = seen.image!;
  // With a picture of one's own the simulator's distance belongs to another goal.
  const distance = (): number | undefined => goalFile === undefined ? seen.distanceM : undefined;
  const startDistance = distance();
  seen.commandTimesS.length = 0;
  const samples: Sample[] = [];
  const planMs: number[] = [];
  const sentS = performance.now() / 1000;
  let newest: SeenStatus | undefined;
  seen.onStatus = (status) => {
    if (status.goal !== goalName) {
      return;
    }
    if (status.energy !== undefined && status.energy !== samples.at(-1)?.energy) {
      samples.push({ timeS: performance.now() / 1000 - sentS, energy: status.energy, distanceM: distance() });
    }
    if (status.planMs !== undefined && status.steps > (newest?.steps ?? 0)) {
      planMs.push(status.planMs);
    }
    newest = status;
    out.update(progressText(status, distance(), rateHz(seen.commandTimesS.slice(-10))));
  };
  seen.sendGoal(goal, goalName);

  await until(over, options.timeoutS, () => newest?.final === true);
  const ended: DemoSummary["ended"] = newest?.final !== true ? "timeout" : newest.state === "reached" ? "reached" : "gave_up";
  // The rate is one of moving: before the arm comes to rest nothing more is counted.
  const controlHz = rateHz(seen.commandTimesS);
  await sleep(SETTLE_S);
  over.throwIfAborted();
  seen.onStatus = () => undefined;
  out.done();

  const finalDistance = distance();
  const tolerance = goalFile === undefined ? seen.toleranceM : undefined;
  const success = goalFile === undefined ? seen.taskDone === true : ended === "reached";
  const summary: DemoSummary = {
    success, task: options.task, seed: options.seed, ended,
    start_distance_m: rounded(startDistance, 4), final_distance_m: rounded(finalDistance, 4), tolerance_m: rounded(tolerance, 4),
    steps: newest?.steps ?? 0,
    plan_ms_median: rounded(quantile(planMs, 0.5), 1), plan_ms_p99: rounded(quantile(planMs, 0.99), 1),
    control_hz: rounded(controlHz, 2), bundle: seen.status?.bundle ?? "", run: relative(".", run) || run,
  };
  const endImage = seen.image!;
  await writeFile(join(run, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  const strip = join(run, "strip.png");
  await writeStrip(strip, [
    { image: startImage, caption: startDistance === undefined ? "start" : `start: ${centimetres(startDistance)} from the goal` },
    { image: goal, caption: "goal" },
    { image: endImage, caption: finalDistance === undefined ? "end" : `end: ${centimetres(finalDistance)} from the goal` },
  ], { title: `${options.task}, seed ${options.seed}: ${success ? "reached" : "not reached"}`, subtitle: `${summary.steps} steps with ${summary.bundle}` });
  if (samples.length > 1) {
    await writeLineChart(join(run, "energy.png"), {
      title: `Energy on the way to the goal (${options.task}, seed ${options.seed})`,
      xTitle: "time since the goal was sent (s)", yTitle: "energy (distance to the goal's latent)", yZero: true,
      series: [{ name: "energy", points: samples.map(({ timeS, energy }): [number, number] => [timeS, energy]) }],
    });
  }
  await writeFile(join(run, "samples.csv"), ["time_s,energy,distance_m", ...samples.map((s) => `${s.timeS.toFixed(3)},${s.energy},${s.distanceM ?? ""}`), ""].join("\n"));
  out.say(`${success ? "reached" : `not reached (${ended === "timeout" ? `no end after ${options.timeoutS} s` : newest?.sentence ?? ended})`}; pictures in ${summary.run}`);
  if (!options.headless) {
    show(strip);
  }
  return summary;
}

function whatIsMissing(seen: Observer): string | undefined {
  if (seen.image === undefined || seen.taskGoal === undefined || seen.distanceM === undefined || seen.toleranceM === undefined) {
    return "picture of the simulator";
  }
  if (seen.status === undefined) {
    return "status of the controller";
  }
  return seen.status.state === "idle" ? undefined : `controller that is ready for a goal (it says: ${seen.status.sentence})`;
}

function progressText(status: SeenStatus, distanceM: number | undefined, hz: number | null): string {
  const parts = [
    `step ${status.steps}`,
    status.energy === undefined ? undefined : `energy ${status.energy.toPrecision(3)}`,
    status.energyShare === undefined ? undefined : `${Number((100 * status.energyShare).toPrecision(2))} % of start`,
    distanceM === undefined ? undefined : `distance ${centimetres(distanceM)}`,
    status.planMs === undefined ? undefined : `plan ${status.planMs.toFixed(0)} ms`,
    hz === null ? undefined : `${hz.toFixed(1)} Hz`,
    status.state === "planning" ? undefined : status.sentence,
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}

/** Opens a picture where there is a desktop; nothing depends on it. */
function show(file: string): void {
  if (process.stdout.isTTY && (process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"])) {
    const viewer = spawn("xdg-open", [file], { stdio: "ignore", detached: true });
    viewer.on("error", () => undefined);
    viewer.unref();
  }
}

function centimetres(metres: number): string {
  return `${(100 * metres).toFixed(1)} cm`;
}

function compiled(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Waits until `done` says so. @throws Error with `late` when it is given and the time is up, or when `over` is aborted. */
async function until(over: AbortSignal, withinS: number, done: () => boolean, late?: () => string): Promise<void> {
  const endMs = performance.now() + withinS * 1000;
  while (!done()) {
    over.throwIfAborted();
    if (performance.now() > endMs) {
      if (late !== undefined) {
        throw new Error(late());
      }
      return;
    }
    await sleep(0.05);
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
}
