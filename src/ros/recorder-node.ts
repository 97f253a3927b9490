import { fitToModel } from "../camera/fit.js";
import { DataSetWriter } from "../record/data-set-writer.js";
import { ExploringArm } from "../record/exploring-arm.js";
import { JointExplorer } from "../record/joint-explorer.js";
import { JointOrder } from "../record/joint-order.js";
import { PeriodSampler } from "../record/period-sampler.js";
import { ClearPostures } from "../robot/clear-postures.js";
import { CollisionModel } from "../robot/collision-model.js";
import { findRobot, type Robot } from "../robot/find-robot.js";
import { JointDeltaActions } from "../robot/joint-delta.js";
import { RobotModel } from "../robot/model.js";
import { parseUrdf } from "../robot/urdf.js";
import { readKeepOutFile, robotGuards } from "../safety/guards/index.js";
import { robotPipeline } from "../safety/robot-pipeline.js";
import { CommandWatch } from "./command-watch.js";
import { Complaints } from "./complaints.js";
import { ControlClock } from "./control-clock.js";
import { JointStateCollector } from "./joint-state-collector.js";
import { Periodic } from "./periodic.js";
import { RECORDER_INTERFACES } from "./recorder-interfaces.js";
import { RECORDER_PARAMETERS } from "./recorder-parameters.js";
import { subscribeToCamera } from "./subscribe-to-camera.js";
import { toSeconds } from "./time.js";
import { trajectoryMessage } from "./trajectory-message.js";

import type { RecordedFrame } from "../record/period-sampler.js";
import type { JointTrajectory } from "../robot/types.js";
import type { JointStateMessage, JointTrajectoryMessage } from "./messages.js";
import type { RecorderParameters } from "./recorder-parameters.js";
import type { RosNode } from "./ros-node.js";

/** Name on the graph. */
export const RECORDER_NAME = "jepa_mpc_recorder";
/** A line with the state of things comes so often, s. */
const STATUS_EVERY_S = 5;
/** Until a last message has left the process, s. */
const FLUSH_S = 0.15;
/** So many whole episodes may wait for a slow disk: a bound for memory. */
const MAX_WAITING = 4;
/** What is drawn of postures keeps so far from limits (rad) and from links and things (m): more than the guards, so that they seldom have to act. */
const POSTURE_MARGIN_RAD = 0.2;
const POSTURE_CLEARANCE_M = 0.03;

/** What the arm holds for when everything went well. */
const AS_MANY = "Holding: there are as many episodes as were asked for.";

/** What moves the arm, and what it was made of. */
interface Exploration {
  readonly arm: ExploringArm;
  stop(): void;
}

/**
 * Records camera and joint states into a data set, while a person moves the arm, or moves it itself where that is asked for (`explore`). What the data set is made of is in
 * src/record; here are topics, times and the status line.
 */
export class RecorderNode {
  readonly #ros: RosNode;
  readonly #p: RecorderParameters;
  readonly #writer: DataSetWriter;
  readonly #sampler: PeriodSampler;
  readonly #clock: ControlClock;
  readonly #complaints: Complaints;
  readonly #joints: readonly string[];
  readonly #status: NodeJS.Timeout;
  readonly #onDone: (code: 0 | 1) => void;
  /** Full name of the camera's topic. */
  readonly #camera: string;
  #exploration: Exploration | undefined;
  #counts = { pictures: 0, joints: 0, sinceMs: performance.now() };
  #gaps = 0;
  #done = false;

  /**
   * @param onDone called once with the code to end with, when what there is has been written: 0 when there are as many episodes as were asked for, or the exploration
   * has ended by itself, 1 when an episode cannot be written.
   * @throws Error (rejects) with one line when parameters, robot or folder cannot be used.
   */
  static async create(ros: RosNode, onDone: (code: 0 | 1) => void): Promise<RecorderNode> {
    const p = ros.parameters.declare(RECORDER_PARAMETERS);
    if (p.out === "") throw new Error("parameter out is empty: name the folder of the data set");
    const robot = findRobot(p.robot);
    const node = new RecorderNode(ros, p, robot, onDone);
    if (p.explore && !node.#done) await node.#explore(robot);
    return node;
  }

  private constructor(ros: RosNode, p: RecorderParameters, robot: Robot, onDone: (code: 0 | 1) => void) {
    const { description } = robot;
    const { action } = description;
    this.#ros = ros;
    this.#p = p;
    this.#onDone = onDone;
    this.#complaints = new Complaints((text) => { ros.log.warn(text); });
    this.#joints = p.joints === "" ? description.joints : p.joints.split(",").map((joint) => joint.trim());
    const stranger = this.#joints.find((joint) => !description.joints.includes(joint));
    if (stranger !== undefined) throw new Error(`parameter joints: the ${description.name} has no joint ${stranger}; it has ${description.joints.join(", ")}`);
    const own = action.kind === "joint_delta" ? action : undefined;
    const periodS = p.period_s > 0 ? p.period_s : own?.period_s ?? 0.2;
    if (p.explore && own === undefined) throw new Error(`parameter explore: the description of ${description.name} does not say how far its joints may go in one action (action.kind joint_delta)`);
    if (p.explore && this.#joints.length !== description.joints.length) throw new Error("parameter joints: exploring moves all joints of the robot; record them all");
    const prismatic = new Set(parseUrdf(robot.urdf).joints.filter(({ type }) => type === "prismatic").map(({ name }) => name));
    const maxDelta = own === undefined || own.period_s !== periodS ? undefined : this.#joints.map((joint) => own.max_delta[description.joints.indexOf(joint)]!);
    const actions = p.explore ? "commands" : p.actions_from as "differences" | "commands";
    this.#writer = new DataSetWriter({
      out: p.out, joints: this.#joints, units: this.#joints.map((joint) => prismatic.has(joint) ? "m" : "rad"), periodS, steps: p.steps, imageSize: p.image_size,
      actions, player: p.explore ? "explorer" : "person", robot: description.name, ...(maxDelta === undefined ? {} : { maxDelta }),
      maxWaiting: MAX_WAITING, onFailure: (error) => { ros.guarded("data set", () => { this.#unwritable(error); }); },
    });
    this.#sampler = new PeriodSampler({
      periodS,
      onFrame: (frame) => {
        if (!this.#done) this.#frame(frame);
      },
      onGap: (why) => {
        this.#gaps++;
        this.#writer.cut();
        this.#complaints.say(`cut: ${why}`);
      },
    });
    this.#clock = new ControlClock(() => performance.now() / 1000, ros.usesSimTime ? () => ros.nowS() : undefined);
    this.#camera = this.#subscribeToCamera(p);
    this.#subscribe(p);
    this.#status = setInterval(() => { ros.guarded("status", () => { ros.log.info(this.#statusLine()); }); }, STATUS_EVERY_S * 1000);
    ros.parameters.lock("the recorder reads it once at its start");
    const more = this.#writer.episodes === 0 ? "" : `, which has ${this.#writer.episodes}`;
    ros.log.info(`recording ${this.#joints.join(", ")} and ${this.#camera} every ${periodS} s into ${p.out}${more}; actions are ${actions}${p.explore ? "; THE ARM WILL MOVE BY ITSELF" : ""}`);
    if (p.episodes > 0 && this.#writer.episodes >= p.episodes) {
      ros.log.info(`there are ${this.#writer.episodes} episodes already`);
      this.#finish(AS_MANY);
    }
  }

  /** Stops the arm where it moves by itself, and the recording, and waits for what is being written. @returns what there is, one line. */
  async leave(): Promise<string> {
    clearInterval(this.#status);
    this.#done = true;
    this.#exploration?.arm.end("Holding: the recorder was ended.");
    // What cannot be written was said when it failed.
    await Promise.all([new Promise((resolve) => { setTimeout(resolve, FLUSH_S * 1000); }), this.#writer.settled().catch(() => undefined)]);
    this.#exploration?.stop();
    const { pending } = this.#writer;
    return `${this.#writer.episodes} episodes of ${this.#p.steps} actions in ${this.#p.out}${pending > 1 ? `; ${pending} frames of an episode under way are left out` : ""}`;
  }

  /** @returns the topic's full name. */
  #subscribeToCamera(p: RecorderParameters): string {
    return subscribeToCamera(this.#ros, {
      transport: p.image_transport, image: RECORDER_INTERFACES.image, compressedImage: RECORDER_INTERFACES.compressedImage,
      onImage: (image, { stamp }, waitedS) => {
        this.#counts.pictures++;
        this.#exploration?.arm.onPicture(waitedS);
        this.#sampler.picture(this.#stampS(stamp), image);
      },
      onComplaint: (text) => {
        // A picture may still be decoded when the graph is left.
        if (!this.#done) this.#complaints.say(`image: ${text}`, "image");
      },
    });
  }

  #subscribe(p: RecorderParameters): void {
    const ros = this.#ros;
    const order = new JointOrder(this.#joints);
    const collector = new JointStateCollector(this.#joints, p.joint_states_timeout_s);
    ros.subscribeTo<JointStateMessage>(RECORDER_INTERFACES.jointStates, (message) => {
      const collected = collector.collect(message, performance.now() / 1000);
      if (collected === undefined) return;
      if (collected.kind !== "state") {
        this.#complaints.say(collected.kind === "incomplete" ? `joint_states lacks ${collected.missing.join(", ")}` : collected.reason);
        return;
      }
      const { state } = collected;
      const bad = state.positions.findIndex((position) => !Number.isFinite(position));
      if (bad >= 0) {
        this.#complaints.say(`joint_states: ${this.#joints[bad]!} is ${String(state.positions[bad])}`);
        return;
      }
      this.#counts.joints++;
      this.#exploration?.arm.onJoints(state);
      this.#sampler.joints(this.#stampS(message.header.stamp), state.positions);
    });
    if (p.explore || p.actions_from !== "commands") return;
    ros.subscribeTo<JointTrajectoryMessage>(RECORDER_INTERFACES.commands, (message) => {
      const [first] = message.points;
      const setpoint = first === undefined ? undefined : order.pick(message.joint_names, first.positions);
      if (setpoint !== undefined) this.#sampler.command(this.#stampS(message.header.stamp) + toSeconds(first!.time_from_start), setpoint);
    });
  }

  async #explore(robot: Robot): Promise<void> {
    const ros = this.#ros;
    const p = this.#p;
    const { description, urdf, keepOutFile } = robot;
    const { base_link: baseLink, tool_link: toolLink, joints: jointNames, workspace, gripper, action } = description;
    if (action.kind !== "joint_delta") throw new Error("nothing was prepared");
    const model = await RobotModel.fromUrdf(urdf, { baseLink, toolLink, jointNames });
    const obstacles = keepOutFile === undefined ? [] : await readKeepOutFile(keepOutFile);
    const collision = await CollisionModel.fromUrdf(urdf, { baseLink, jointNames, obstacles, gripperJoints: [gripper.joint] });
    const postures = new ClearPostures(model, collision, { workspace, marginRad: POSTURE_MARGIN_RAD, clearanceM: POSTURE_CLEARANCE_M });
    const uniform = uniformOf(p.seed + this.#writer.episodes);
    const publisher = ros.publisherOf<JointTrajectoryMessage>(RECORDER_INTERFACES.trajectory);
    const content = ({ joint_names: names, points }: JointTrajectoryMessage): string => JSON.stringify([names, points.map(({ positions, time_from_start: time }) => [Array.from(positions), toSeconds(time)])]);
    const watch = new CommandWatch(() => { this.#endExploring("Holding: another node commands the arm."); });
    const arm = new ExploringArm({
      actions: new JointDeltaActions(model, { workspace }), pipeline: robotPipeline(description, model.limits, await robotGuards(robot, model)),
      periodS: action.period_s, clock: () => this.#clock.now(), jointTimeoutS: p.joint_states_timeout_s, cameraTimeoutS: p.camera_timeout_s,
      explorer: () => new JointExplorer({ postures, maxDelta: action.max_delta, uniform, gentleness: p.gentleness }),
      // Without a stamp it begins on arrival.
      send: (trajectory: JointTrajectory) => {
        const message = trajectoryMessage(trajectory);
        watch.sent(content(message));
        publisher.publish(message);
      },
      say: (sentence) => { ros.log.info(sentence); },
    });
    ros.subscribeTo<JointTrajectoryMessage>(RECORDER_INTERFACES.commands, (message) => { watch.seen(content(message)); });
    const now = (): number => this.#clock.now();
    const ticks = new Periodic(action.period_s, now, ros.usesSimTime, () => {
      ros.guarded("exploration", () => {
        arm.tick();
        if (arm.ended !== undefined) this.#endExploring(arm.ended);
      });
    });
    const cycles = new Periodic(1 / p.command_rate_hz, now, ros.usesSimTime, () => {
      ros.guarded("command cycle", () => {
        arm.cycle();
        const { setpoint } = arm;
        if (setpoint !== undefined) this.#sampler.command(this.#stampS(), setpoint);
      });
    });
    this.#exploration = {
      arm,
      stop: () => {
        ticks.stop();
        cycles.stop();
      },
    };
  }

  #endExploring(why: string): void {
    this.#exploration?.arm.end(why);
    if (this.#done) return;
    this.#ros.log.error(why);
    this.#finish(why);
  }

  #frame(frame: RecordedFrame): void {
    const { image_size: size, episodes } = this.#p;
    // Few of the camera's pictures come to here, so only they are scaled.
    const added = this.#writer.add({ ...frame, image: fitToModel(frame.image, size, size) });
    if (added === "left out") this.#complaints.say(`the disk of ${this.#p.out} does not keep up: an episode was left out`, "disk");
    else if (added === "taken" && episodes > 0 && this.#writer.episodes + this.#writer.waiting >= episodes) this.#finish(AS_MANY);
  }

  #unwritable(error: Error): void {
    this.#ros.log.error(`${error.message}; the recording ends`);
    this.#finish("Holding: the recording cannot be written.");
  }

  /** The arm holds at once; the end comes when what was taken is written. */
  #finish(why: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#exploration?.arm.end(why);
    this.#writer.settled().then(() => { this.#onDone(0); }, () => { this.#onDone(1); });
  }

  #statusLine(): string {
    const seconds = (performance.now() - this.#counts.sinceMs) / 1000;
    const { pictures, joints } = this.#counts;
    const { episodes, waiting, pending, leftOut } = this.#writer;
    this.#counts = { pictures: 0, joints: 0, sinceMs: performance.now() };
    const missing = [...(pictures === 0 ? [`no picture on ${this.#camera}`] : []), ...(joints === 0 ? [`nothing on ${this.#ros.resolve(RECORDER_INTERFACES.jointStates.name)}`] : [])];
    return `${episodes} episodes${waiting > 1 ? `, ${waiting} waiting for the disk` : ""}, frame ${pending} of ${this.#p.steps + 1}; camera ${(pictures / seconds).toFixed(1)} Hz, joints ${(joints / seconds).toFixed(1)} Hz; `
      + `${this.#gaps} gaps, ${leftOut} frames left out${missing.length === 0 ? "" : `; ${missing.join(", ").toUpperCase()}`}`;
  }

  /** Of a message's header; ROS time where it has none. */
  #stampS(stamp?: { readonly sec: number; readonly nanosec: number }): number {
    const s = stamp === undefined ? 0 : toSeconds(stamp);
    return s > 0 ? s : this.#ros.nowS();
  }
}

/** Numbers from 0 to 1 of a seed (mulberry32). */
function uniformOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
