import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { RayCastCamera } from "../../sim/camera.js";
import { cameraSide } from "../../sim/picture-size.js";
import { createTask } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { formatOpticalPose } from "../../src/camera/optical-pose.js";
import { rosArguments } from "../../src/cli/ros-arguments.js";
import { ChildNode } from "../../src/demo/child-node.js";
import { GoalLibrary } from "../../src/goals/goal-library.js";
import { readManifest } from "../../src/world-model/index.js";

import type { SequenceStep } from "../../src/goals/sequence-store.js";

/** The folder with package.json; this runs in dist/bench/dashboard. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BUNDLE = join(ROOT, "models", "arm-objects-jepa");
const READY_WITHIN_MS = 60_000;

export interface DashboardRigOptions {
  /** Of the graph. */
  readonly env: NodeJS.ProcessEnv;
  /** Seed of the simulated start. */
  readonly seed?: number;
  /** Goals in the library: the name, and the seed of the reach task whose goal picture it is, or "start" for the picture that the simulator starts with. */
  readonly goals: Readonly<Record<string, number | "start">>;
  /** Sequences of these goals, with tolerances or without. */
  readonly sequences?: Readonly<Record<string, readonly SequenceStep[]>>;
  /** Side of the camera's pictures, pixels. Default: the model's. */
  readonly pictureSide?: number;
  /** Simulated seconds in a real one: fewer give a busy machine time to plan. Default: 1. */
  readonly pace?: number;
  /** Time for each plan, ms. Default: the controller's. */
  readonly deadlineMs?: number;
  /** Further arguments of the dashboard. */
  readonly dashboard?: readonly string[];
}

/** Simulator, controller and dashboard as processes on a graph, with a goal library. */
export class DashboardRig {
  readonly goals: GoalLibrary;
  readonly controller: ChildNode;
  readonly dashboard: ChildNode;
  /** Of the page. */
  readonly url: string;
  readonly folder: string;
  /** Folder of the memory, which only the controller's parameter names. */
  readonly memoryDir: string;
  /** Where the dashboard would look for it by itself; nothing is recorded there. */
  readonly otherMemoryDir: string;
  readonly #simulator: ChildNode;

  static async start({ env, seed = 0, goals, sequences = {}, pictureSide, pace = 1, deadlineMs = 0, dashboard = [] }: DashboardRigOptions): Promise<DashboardRig> {
    const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-dashboard-"));
    const library = new GoalLibrary(join(folder, "goals"));
    const { image } = await readManifest(BUNDLE);
    const side = pictureSide ?? cameraSide(image.width);
    const world = await SimWorld.create();
    const camera = new RayCastCamera(world, { width: side, height: side });
    for (const [name, of] of Object.entries(goals)) {
      const task = createTask("reach", world, of === "start" ? seed : of);
      const goal = task.goalImage(camera);
      task.start();
      await library.add(name, of === "start" ? camera.rgb() : goal, `simulated, seed ${of === "start" ? seed : of}`);
    }
    for (const [name, steps] of Object.entries(sequences)) await library.sequences.add(name, steps);
    const pose = formatOpticalPose(camera.opticalPose());

    const [memoryDir, otherMemoryDir] = [join(folder, "memory"), join(folder, "other-memory")];
    const child = (name: string, main: string, argv: readonly string[]): ChildNode =>
      new ChildNode(name, join(ROOT, "dist", main), argv, join(folder, `${name}.log`), { ...env, JEPA_MPC_MEMORY: otherMemoryDir });
    const simulator = child("simulator", "sim/ros/simulator-main.js", rosArguments(undefined, [
      { name: "task", text: "reach" }, { name: "seed", integer: seed }, { name: "image_width", integer: side }, { name: "image_height", integer: side },
      { name: "realtime_factor", double: pace },
    ], []));
    const node = child("controller", "src/ros/controller-main.js", rosArguments(undefined, [
      { name: "use_sim_time", truth: true }, { name: "bundle", text: BUNDLE }, { name: "goals_dir", text: library.dir }, { name: "camera.pose", text: pose }, { name: "planner.deadline_ms", double: deadlineMs },
      { name: "memory.dir", text: memoryDir },
    ], ["-r", "image:=camera/image_raw", "-r", "camera_info:=camera/camera_info"]));
    const page = child("dashboard", "src/cli/main.js", ["dashboard", "--port", "0", "--goals-dir", library.dir, ...dashboard]);
    const rig = { folder, memoryDir, otherMemoryDir, goals: library, controller: node, dashboard: page, simulator };
    const url = await Promise.race([addressOf(join(folder, "dashboard.log")), page.ended.then((what): never => { throw new Error(`the dashboard ${what}: ${page.lastLine}`); })]);
    return new DashboardRig({ ...rig, url });
  }

  private constructor(parts: { folder: string; memoryDir: string; otherMemoryDir: string; goals: GoalLibrary; controller: ChildNode; dashboard: ChildNode; simulator: ChildNode; url: string }) {
    this.folder = parts.folder;
    this.memoryDir = parts.memoryDir;
    this.otherMemoryDir = parts.otherMemoryDir;
    this.goals = parts.goals;
    this.controller = parts.controller;
    this.dashboard = parts.dashboard;
    this.#simulator = parts.simulator;
    this.url = parts.url;
  }

  async close(): Promise<void> {
    for (const child of [this.dashboard, this.controller, this.#simulator]) await child.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The line that the dashboard prints when it listens. */
async function addressOf(log: string): Promise<string> {
  for (const end = performance.now() + READY_WITHIN_MS; performance.now() < end; await sleep(50)) {
    const text = existsSync(log) ? readFileSync(log, "utf8") : "";
    const found = / on (http:\S+)\n/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`the dashboard gave no address (log: ${log})`);
}
