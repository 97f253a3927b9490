import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cameraSide } from "../../sim/picture-size.js";
import { decodeRawImage } from "../../src/camera/encodings.js";
import type { RgbImage } from "../../src/camera/types.js";
import { ChildNode } from "../../src/demo/child-node.js";
import { confineToLoopback } from "../../src/ros/loopback.js";
import { TYPES, type DiagnosticStatusMessage, type ImageMessage, type JointTrajectoryMessage } from "../../src/ros/messages.js";
import { RosNode } from "../../src/ros/ros-node.js";
import { toSeconds } from "../../src/ros/time.js";
import { readManifest } from "../../src/world-model/index.js";

/** How long nodes get to come up, s. */
const READY_WITHIN_S = 60;
const TASK_SEED = 5;

/** A message as it was seen here; times in seconds of the computer's clock. */
export interface Stamped {
  readonly stampS: number;
  readonly receivedS: number;
}

/** The controller's ~/status, of which only what is measured. */
export interface SeenStatus {
  readonly receivedS: number;
  readonly state: string;
  readonly final: boolean;
  readonly goal: string;
  readonly steps: number;
  readonly planMs: number;
  readonly encodeMs: number;
  /** How long its question waited for its picture. */
  readonly pictureWaitMs: number;
}

/** Simulator and controller as processes on a graph of their own, with time from the computer's clock as on a robot; here it is watched, and told its goals. */
export class RunningGraph {
  readonly pictures: Stamped[] = [];
  readonly commands: Stamped[] = [];
  readonly statuses: SeenStatus[] = [];
  image: RgbImage | undefined;
  taskGoal: RgbImage | undefined;
  readonly #ros: RosNode;
  readonly #children: readonly ChildNode[];
  readonly #folder: string;
  readonly #send: (image: RgbImage, name: string) => void;

  /** @param parameters of the controller, such as `threads:=2`. @throws Error with one line when ROS is not there or nothing comes up. */
  static async start(bundle: string, parameters: readonly string[] = [], cameraHz = 10): Promise<RunningGraph> {
    process.env["ROS_DOMAIN_ID"] ??= String(1 + (process.pid % 100));
    confineToLoopback(process.env);
    const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-bench-"));
    const { image } = await readManifest(bundle);
    const env = { ...process.env, ROS_LOG_DIR: join(folder, "ros") };
    const arguments_ = (values: readonly string[], rules: readonly string[]): string[] =>
      ["--ros-args", ...values.flatMap((value) => ["-p", value]), ...rules.flatMap((rule) => ["-r", rule])];
    const compiled = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
    const children = [
      new ChildNode("simulator", compiled("sim/ros/simulator-main.js"), arguments_([
        "task:=reach", `seed:=${TASK_SEED}`, "publish_clock:=false", `camera_rate_hz:=${cameraHz.toFixed(1)}`, `image_width:=${cameraSide(image.width)}`, `image_height:=${cameraSide(image.height)}`,
      ], []), join(folder, "simulator.log"), env),
      new ChildNode("controller", compiled("src/ros/controller-main.js"), arguments_([`bundle:=${bundle}`, "memory.enabled:=false", ...parameters],
        ["image:=camera/image_raw", "camera_info:=camera/camera_info"]), join(folder, "controller.log"), env),
    ];
    let ros: RosNode | undefined;
    try {
      ros = await RosNode.create("jepa_mpc_bench", { argv: [], lifecycle: false });
      const graph = new RunningGraph(ros, children, folder);
      await graph.until(() => graph.taskGoal !== undefined && graph.image !== undefined && graph.statuses.at(-1)?.state === "idle", READY_WITHIN_S, "simulator and controller");
      return graph;
    } catch (error) {
      for (const child of children) await child.end();
      ros?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(ros: RosNode, children: readonly ChildNode[], folder: string) {
    this.#ros = ros;
    this.#children = children;
    this.#folder = folder;
    const goals = ros.publisher<ImageMessage>(TYPES.image, "/jepa_mpc/goal_image", "latched");
    this.#send = (image, name) => {
      goals.publish({
        header: { stamp: ros.stamp(), frame_id: name },
        height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3, data: image.data.slice(),
      });
    };
    ros.subscribe<ImageMessage>(TYPES.image, "/camera/image_raw", "sensor", (message) => {
      this.pictures.push({ stampS: toSeconds(message.header.stamp), receivedS: ros.nowS() });
      this.image ??= decodeRawImage(message);
    });
    ros.subscribe<ImageMessage>(TYPES.image, "/jepa_mpc_simulator/task_goal_image", "latched", (message) => { this.taskGoal = decodeRawImage(message); });
    ros.subscribe<JointTrajectoryMessage>(TYPES.jointTrajectory, "/joint_trajectory_controller/joint_trajectory", "events", ({ header }) => {
      this.commands.push({ stampS: toSeconds(header.stamp), receivedS: ros.nowS() });
    });
    ros.subscribe<DiagnosticStatusMessage>(TYPES.diagnosticStatus, "/jepa_mpc/status", "events", ({ values }) => {
      const value = (key: string): string => values.find((pair) => pair.key === key)?.value ?? "";
      this.statuses.push({
        receivedS: ros.nowS(), state: value("state"), final: value("final") === "true", goal: value("goal"), steps: Number(value("steps")),
        planMs: Number(value("plan_ms") || NaN), encodeMs: Number(value("encode_ms") || NaN), pictureWaitMs: Number(value("picture_wait_ms") || 0),
      });
    });
    ros.spin();
  }

  sendGoal(image: RgbImage, name: string): void {
    this.#send(image, name);
  }

  /** Waits until `done`; rejects after `withinS`, naming `what`, or when a process of the graph ends. */
  async until(done: () => boolean, withinS: number, what: string): Promise<void> {
    let ended: string | undefined;
    for (const child of this.#children) void child.ended.then((how) => { ended ??= `the ${child.name} ${how}: ${child.lastLine}`; });
    for (const endMs = performance.now() + withinS * 1000; !done(); await sleep(10)) {
      if (ended !== undefined) throw new Error(ended);
      if (performance.now() > endMs) throw new Error(`${what} did not come within ${withinS} s; last of the controller: ${this.#children[1]!.lastLine}`);
    }
  }

  async close(): Promise<void> {
    // The controller first, so that its hold still finds the arm.
    for (const child of [...this.#children].reverse()) await child.end();
    this.#ros.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
