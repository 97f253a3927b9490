import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { ChildNode } from "../../src/demo/child-node.js";
import { FR3_JOINTS } from "../../src/robot/fr3.js";
import type { JointLimits } from "../../src/robot/types.js";
import { parseUrdf } from "../../src/robot/urdf.js";
import { isStatus, type Seen } from "../ros/seen.js";
import { isTruth, monotonicS, Proxy, type SeenTruth, type Spoil } from "./proxy.js";
import type { Sabotage } from "./saboteur.js";

/** The folder with package.json; this runs in dist/bench/faults. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** How simulator and controller are started. */
export interface Setup {
  /** Whether time is the simulator's, passed on by the proxy; else the computer's, as with a robot. */
  readonly simTime: boolean;
  /** Parameters of the controller. */
  readonly parameters: Readonly<Record<string, string | number>>;
}

export const DEFAULT_SETUP: Setup = { simTime: false, parameters: {} };

/** Starts of the task that are far from its goal: the arm is on its way for more than a second. */
/** So often a controller is told to forget its goal, and so long (s) it must then be idle. */
const RESETS = 6;
const STAYS_IDLE_S = 0.6;

const FAR_SEEDS = [5, 54, 46, 7] as const;
/** Faster than this an arm joint moves (rad/s). */
const MOVING_RAD_PER_S = 0.05;
/** Slower than this it stands (rad/s). */
const STANDING_RAD_PER_S = 0.02;

/**
 * Simulator, controller and the proxy between them on a graph of their own, as processes; what a fault needs to spoil, and what is
 * needed to see what comes of it.
 */
export class Rig {
  readonly proxy: Proxy;
  readonly limits: readonly JointLimits[];
  /** Logs and everything that faults need on disk. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #others: ChildNode[] = [];
  #simulator: ChildNode | undefined;
  #simulatorSimTime = false;
  #controller: ChildNode | undefined;
  #setup: Setup = DEFAULT_SETUP;
  #started = 0;
  #goals = 0;

  static async start(env: NodeJS.ProcessEnv): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-faults-"));
    const urdf = parseUrdf(await readFile(join(ROOT, "urdf", "fr3.urdf"), "utf8"));
    const limits = FR3_JOINTS.map((name) => urdf.joints.find((joint) => joint.name === name)!.limits!);
    return new Rig({ ...env, ROS_LOG_DIR: join(folder, "ros") }, await Proxy.start(env), limits, folder);
  }

  private constructor(env: NodeJS.ProcessEnv, proxy: Proxy, limits: readonly JointLimits[], folder: string) {
    this.#env = env;
    this.proxy = proxy;
    this.limits = limits;
    this.folder = folder;
  }

  get controller(): ChildNode {
    if (this.#controller === undefined) throw new Error("no controller was started");
    return this.#controller;
  }

  get setup(): Setup {
    return this.#setup;
  }

  /** Environment of everything on this graph. */
  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Ready for a goal with this setup; starts what is not there, leaves what is. */
  async ready(setup: Setup): Promise<void> {
    this.healInputs();
    if (this.#simulator === undefined || this.#simulatorSimTime !== setup.simTime) await this.#startSimulator(setup.simTime);
    const same = JSON.stringify(setup) === JSON.stringify(this.#setup);
    if (this.#controller === undefined || !same) {
      await this.endController();
      this.#setup = setup;
      this.#controller = this.startController(setup.parameters, setup.simTime);
    }
    const controller = this.#controller;
    const died = controller.ended.then((what): never => { throw new Error(`the controller ${what}: ${controller.lastLine}`); });
    died.catch(() => undefined);
    await Promise.race([died, (async () => {
      const up = ["idle", "planning", "holding", "reached", "stopped"];
      await this.proxy.waitFor((seen) => isStatus(seen) && up.includes(seen.values["state"]!), "a controller that is up", monotonicS());
      await this.#resetUntilIdle();
    })()]);
  }

  /** Puts the arm to a start, sends its goal, and waits until the arm moves. @returns where the joints stood. */
  async move(): Promise<readonly number[]> {
    await this.startTask(FAR_SEEDS[this.#goals % FAR_SEEDS.length]!);
    // The arm stands, and the controller has seen it and a picture of it.
    await this.#standing(monotonicS());
    await sleep(400);
    const start = await this.proxy.waitFor<SeenTruth>(isTruth, "the robot's joints", monotonicS());
    await this.goOn();
    return this.inOrder(start.names, start.positions);
  }

  /** Puts the arm to the start of a task, whose goal comes from the simulator. */
  async startTask(seed: number): Promise<void> {
    const fromS = monotonicS();
    await this.setSimulator({ seed });
    await this.proxy.call("Trigger", "/jepa_mpc_simulator/reset");
    await this.proxy.waitFor((seen) => seen.event === "task_goal" && seen["name"] === `reach-${seed}`, "the task's goal", fromS);
  }

  /** Parameters of the running simulator; a double must not be whole, as in setParameter(). */
  async setSimulator(values: Readonly<Record<string, number>>): Promise<void> {
    await this.proxy.call("SetParameters", "/jepa_mpc_simulator/set_parameters", { values });
  }

  /** Sends the task's goal and waits until the arm moves. */
  async goOn(): Promise<void> {
    const goal = monotonicS();
    const name = this.sendGoal();
    await this.proxy.waitFor((seen) => isStatus(seen) && seen.values["goal"] === name && Number(seen.values["steps"]) >= 2, "a second step", goal);
    await this.proxy.waitFor((seen) => isTruth(seen) && this.speedOf(seen) > MOVING_RAD_PER_S, "a moving arm", goal);
  }

  /** Sends the task's goal. @returns its name. */
  sendGoal(how: Readonly<Record<string, unknown>> = {}): string {
    const name = `goal-${++this.#goals}`;
    this.proxy.do({ do: "goal", name, ...how });
    return name;
  }

  spoilCamera(spoil: Spoil): void {
    this.proxy.do({ do: "camera", ...spoil });
  }

  spoilJoints(spoil: Spoil): void {
    this.proxy.do({ do: "joints", ...spoil });
  }

  spoilClock(spoil: Spoil): void {
    this.proxy.do({ do: "clock", ...spoil });
  }

  sabotage(sabotage: Sabotage): void {
    this.controller.send(sabotage);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.controller.pid!, signal);
  }

  /** The proxy spoils nothing any more. */
  healInputs(): void {
    for (const what of ["camera", "joints", "clock"]) this.proxy.do({ do: what, mode: "pass" });
  }

  /** A controller with the proxy's pictures and joint states; `remaps` are rules of its own. */
  startController(parameters: Readonly<Record<string, string | number>>, simTime: boolean, remaps: readonly string[] = []): ChildNode {
    const rules = ["image:=/faulty/image", "camera_info:=/faulty/camera_info", "joint_states:=/faulty/joint_states", "/clock:=/faulty/clock", ...remaps];
    // What surprises the model is measured by bench/surprise.ts; here its false alarms would be taken for the faults' doing.
    const values = { bundle: join(ROOT, "models", "arm-objects-jepa"), "surprise.enabled": "false", ...parameters };
    const argv = [
      "--ros-args", ...rules.flatMap((rule) => ["-r", rule]), ...Object.entries(values).flatMap(([name, value]) => ["-p", `${name}:=${value}`]),
      ...(simTime ? ["-p", "use_sim_time:=true"] : []),
      "-p", "memory.enabled:=false",
    ];
    const saboteur = new URL("./saboteur.js", import.meta.url).href;
    return new ChildNode("controller", join(ROOT, "dist/src/ros/controller-main.js"), argv, join(this.folder, `controller-${this.#started++}.log`),
      { ...this.#env, NODE_OPTIONS: `--import=${saboteur}` });
  }

  /** One more controller beside the first, ready for goals on the topic /rival/goal_image; it ends with the rig's next tidy(). */
  async startRival(): Promise<void> {
    this.proxy.do({ do: "announce", topic: "/rival/goal_image" });
    const rival = this.startController({}, this.#setup.simTime, ["__node:=rival"]);
    this.#others.push(rival);
    const endS = monotonicS() + 60;
    // Its first status is in the log; the file is there from the first line on.
    while (!existsSync(rival.logFile) || !readFileSync(rival.logFile, "utf8").includes("Idle")) {
      if (monotonicS() > endS) throw new Error(`the second controller does not come up: ${rival.lastLine}`);
      await sleep(100);
    }
  }

  /** Sends the second controller the task's goal. @returns the last line of its log some steps later. */
  async sendRival(): Promise<string> {
    this.sendGoal({ topic: "/rival/goal_image" });
    const rival = this.#others.at(-1)!;
    const before = rival.lastLine;
    const endS = monotonicS() + 20;
    while ((rival.lastLine === before || !/Holding|Going/.test(rival.lastLine)) && monotonicS() < endS) await sleep(50);
    return rival.lastLine;
  }

  /** Ends what a fault has started besides. */
  async tidy(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.end();
  }

  async endController(): Promise<void> {
    await this.#controller?.end();
    this.#controller = undefined;
  }

  /** A parameter of the running controller. A double must not be whole: it would reach the node as an integer, which it refuses. */
  async setParameter(name: string, value: string | number | boolean): Promise<void> {
    await this.proxy.call("SetParameters", "/jepa_mpc/set_parameters", { values: { [name]: value } });
  }

  /** What the controller has logged so far. */
  get log(): string {
    return this.#controller === undefined ? "" : readFileSync(this.#controller.logFile, "utf8");
  }

  /** Largest speed of the arm's joints (rad/s). */
  speedOf({ names, velocities }: SeenTruth): number {
    return Math.max(...velocities.map((velocity, i) => this.isArm(names[i]!) ? Math.abs(velocity) : 0));
  }

  isArm(joint: string): boolean {
    return !joint.includes("finger");
  }

  standsAt(truth: SeenTruth): boolean {
    return this.speedOf(truth) < STANDING_RAD_PER_S;
  }

  /** Values of named joints in the order of the limits. */
  inOrder(names: readonly string[], values: readonly number[]): number[] {
    return this.limits.map(({ name }) => values[names.indexOf(name)]!);
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.endController();
    await this.#simulator?.end();
    await this.proxy.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #startSimulator(simTime: boolean): Promise<void> {
    await this.endController();
    await this.#simulator?.end();
    const argv = ["--ros-args", "-p", "task:=reach", "-p", `seed:=${FAR_SEEDS[0]}`, "-p", `publish_clock:=${simTime}`];
    const fromS = monotonicS();
    this.#simulator = new ChildNode("simulator", join(ROOT, "dist/sim/ros/simulator-main.js"), argv, join(this.folder, `simulator-${this.#started++}.log`), this.#env);
    this.#simulatorSimTime = simTime;
    await this.proxy.waitFor(isTruth, "the simulator", fromS);
  }

  /** One that was started anew gets the last goal, which is latched, and goes for it at once: before a reset, or, if it comes later, after it. */
  async #resetUntilIdle(): Promise<void> {
    const idle = (seen: Seen): boolean => isStatus(seen) && seen.values["state"] === "idle";
    for (let attempt = 1; ; attempt++) {
      const fromS = monotonicS();
      await this.proxy.call("Trigger", "/jepa_mpc/reset");
      if (attempt === RESETS) {
        await this.proxy.waitFor(idle, "a controller that is ready for a goal", fromS);
        return;
      }
      if (!await this.proxy.comes(idle, fromS, 5)) continue;
      const idleS = monotonicS();
      if (!await this.proxy.comes((seen) => isStatus(seen) && !idle(seen), idleS, STAYS_IDLE_S)) return;
    }
  }

  #standing(fromS: number): Promise<Seen> {
    return this.proxy.waitFor((seen) => isTruth(seen) && this.standsAt(seen), "an arm that stands", fromS);
  }
}
