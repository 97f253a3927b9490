import { readFile } from "node:fs/promises";

import { decodeRawImage } from "../camera/encodings.js";
import { Controller } from "../control/controller.js";
import { GoalLibrary } from "../goals/goal-library.js";
import { goalsDir } from "../goals/goals-dir.js";
import { CommandLoop } from "./command-loop.js";
import { createCommandOutput } from "./command-output.js";
import { Complaints } from "./complaints.js";
import { ControlClock } from "./control-clock.js";
import { assembleController } from "./controller-assembly.js";
import { FramePhase } from "./frame-phase.js";
import { JointStateCollector } from "./joint-state-collector.js";
import { LifecycleShell } from "./lifecycle-shell.js";
import { locate } from "./locate.js";
import { TYPES } from "./messages.js";
import { ObservedPlanning } from "./observed-planning.js";
import { CONTROLLER_PARAMETERS, jointLimitParameters } from "./parameters.js";
import { Periodic } from "./periodic.js";
import { oneLine } from "./ros-node.js";
import { judgeStamp } from "./stamp-judge.js";
import { LEVEL, plainStatusMessage, statusMessage } from "./status-message.js";

import type { RgbImage } from "../camera/types.js";
import type { ControllerStatus } from "../control/status.js";
import type { JointTrajectory } from "../robot/types.js";
import type { Assembly } from "./controller-assembly.js";
import type { CommandOutput } from "./command-output.js";
import type { LifecycleSteps } from "./lifecycle-shell.js";
import type {
  CameraInfoMessage, DiagnosticArrayMessage, DiagnosticStatusMessage, DoneResponse, Float64MultiArrayMessage, ImageMessage,
  JointStateMessage, SetBoolRequest, StringMessage, TriggerRequest,
} from "./messages.js";
import type { ControllerParameters } from "./parameters.js";
import type { RclPublisher } from "./rclnodejs.js";
import type { RosNode } from "./ros-node.js";

/** Name on the graph. */
export const NODE_NAME = "jepa_mpc";
/** Until a last message has left the process, s: DDS sends in a thread of its own. */
const FLUSH_S = 0.15;
/** How far a control step may be moved toward a camera frame while the arm moves, s. */
const MOVING_SHIFT_S = 0.003;
/** Longest stop that is streamed while leaving, s. */
const LONGEST_STOP_S = 1;
/** So long after it began to leave, the node waits for its planner at most, s: a process that ends inside a run of the model aborts. */
const PLANNER_ENDS_BY_S = 1.6;

/** What exists between configure and cleanup. */
interface Configured {
  readonly controller: Controller;
  readonly bundleName: string;
  readonly clock: ControlClock;
  readonly framePhase: FramePhase;
  readonly periodS: number;
  readonly output: CommandOutput;
  readonly commandLoop: CommandLoop;
  /** Entities that were there before. */
  readonly entitiesBefore: number;
}

/**
 * The controller on the ROS graph: messages in, `Controller`, messages out. What it decides is in src/control; here are
 * names, units, ages and the lifecycle.
 */
export class ControllerNode {
  readonly lifecycle: LifecycleShell;
  readonly #ros: RosNode;
  #parameters: ControllerParameters;
  readonly #complaints: Complaints;
  readonly #status: RclPublisher<DiagnosticStatusMessage>;
  readonly #diagnostics: RclPublisher<DiagnosticArrayMessage>;
  readonly #diagnosticsTimer: NodeJS.Timeout;
  #assembly: Assembly | undefined;
  #configured: Configured | undefined;
  #ticks: Periodic | undefined;
  /** Settles when what an earlier cleanup closed is closed. */
  #closed: Promise<void> = Promise.resolve();
  #paused = false;
  /** The goal that was sent last; what a pause goes back to. */
  #goal: { readonly name: string; readonly image: RgbImage } | undefined;
  #lastStatus: ControllerStatus | undefined;
  #cameraInfo: { readonly width: number; readonly height: number } | undefined;
  /** Age of the newest frame at the last control step, s. */
  #frameAgeS: number | undefined;
  /** Newest stamp of the joint states, s; 0 without. */
  #robotStampS = 0;
  #counts = { frames: 0, jointStates: 0, sinceS: performance.now() / 1000 };

  constructor(ros: RosNode) {
    this.#ros = ros;
    this.#parameters = ros.parameters.declare(CONTROLLER_PARAMETERS);
    ros.parameters.declare(jointLimitParameters(this.#parameters.joints));
    this.#complaints = new Complaints((text) => { ros.log.warn(text); });
    this.#status = ros.publisher(TYPES.diagnosticStatus, "~/status", "events");
    this.#diagnostics = ros.publisher(TYPES.diagnosticArray, "/diagnostics", "events");
    this.#diagnosticsTimer = setInterval(() => { ros.guarded("diagnostics", () => { this.#publishDiagnostics(); }); }, 1000);
    const steps: LifecycleSteps = {
      prepare: () => this.#prepare(),
      configure: () => {
        try {
          this.#configure();
        } catch (error) {
          this.#cleanup();
          throw error;
        }
      },
      activate: () => { this.#activate(); },
      deactivate: () => { this.#deactivate(); },
      cleanup: () => { this.#cleanup(); },
    };
    this.lifecycle = new LifecycleShell(ros, steps);
  }

  get autostart(): boolean {
    return this.#parameters.autostart;
  }

  /** Sends the robot its stop and gives everything back; takes less than two seconds. */
  async leave(): Promise<void> {
    const beganMs = performance.now();
    clearInterval(this.#diagnosticsTimer);
    this.#ticks?.stop();
    const configured = this.#configured;
    if (configured !== undefined) {
      configured.controller.shutdown();
      const stopS = Math.min(LONGEST_STOP_S, configured.output.remainingS());
      await new Promise((resolve) => { setTimeout(resolve, (stopS + FLUSH_S) * 1000); });
      configured.commandLoop.stop();
    }
    await Promise.race([this.#assembly?.planning.close(), new Promise((resolve) => { setTimeout(resolve, PLANNER_ENDS_BY_S * 1000 - (performance.now() - beganMs)); })]);
    this.#ros.close();
  }

  async #prepare(): Promise<void> {
    await this.#closed;
    const p = this.#ros.parameters.values(CONTROLLER_PARAMETERS);
    this.#parameters = p;
    const limits = this.#ros.parameters.values(jointLimitParameters(p.joints));
    const urdf = p.urdf === "" ? await this.#robotDescription(p.robot_description_timeout_s) : await readFile(locate("urdf", p.urdf), "utf8");
    const deadlineMs = (): number => this.#ros.parameters.values(CONTROLLER_PARAMETERS)["planner.deadline_ms"];
    this.#assembly = await assembleController(p, limits, urdf, deadlineMs, (sentence) => { this.#ros.log.error(sentence); });
  }

  #configure(): void {
    const assembly = this.#assembly;
    if (assembly === undefined) {
      throw new Error("nothing was prepared");
    }
    const ros = this.#ros;
    const p = this.#parameters;
    const entitiesBefore = ros.entityCount;
    const { manifest } = assembly;
    const clock = new ControlClock(() => performance.now() / 1000, ros.usesSimTime ? () => ros.nowS() : undefined);
    const joints = new JointStateCollector(p.joints, p.joint_states_timeout_s);
    const plan = ros.publisher<Float64MultiArrayMessage>(TYPES.float64MultiArray, "~/plan", "events");
    const { pipeline } = assembly.options;
    const output = createCommandOutput(p, ros, () => clock.now(), {
      limits: assembly.limits, start: () => pipeline.setpointAt(0).positions, stampS: () => this.#robotStampS,
      onForeign: (topic) => {
        this.#configured?.controller.giveUp("other_commander",
          `Holding: another node sent a command to ${topic}. Let only one command the arm, then call ~/reset and send the goal again.`);
      },
    });
    // Not spread: that would read the deadline once and for all.
    const controller = new Controller(Object.assign(assembly.options, {
      clock: () => clock.now(),
      outsideFault: () => clock.stopped
        ? { reason: "clock_stopped", sentence: "Holding: ROS time stands still; is what publishes /clock running?", ownStop: true } as const
        : undefined,
      planning: new ObservedPlanning(assembly.planning, ({ actions }) => {
        if (plan.subscriptionCount > 0) {
          const dim = manifest.action.names.length;
          plan.publish({
            layout: {
              dim: [
                { label: "step", size: actions.length / dim, stride: actions.length },
                { label: manifest.action.names.join(","), size: dim, stride: dim },
              ],
              data_offset: 0,
            },
            data: Array.from(actions),
          });
        }
      }),
      ports: { sendTrajectory: (trajectory: JointTrajectory, startS: number) => { output.send(trajectory, startS); }, publishStatus: (status: ControllerStatus) => { this.#publishStatus(status); } },
    }));
    const framePhase = new FramePhase();
    const commandLoop = new CommandLoop(controller, output, clock, ros, 1 / p.command_rate_hz);
    this.#configured = { controller, bundleName: manifest.name, clock, framePhase, periodS: manifest.action.period_s, output, commandLoop, entitiesBefore };

    ros.subscribe<ImageMessage>(TYPES.image, "image", "sensor", (message) => {
      this.#onImage(controller, message);
      framePhase.onFrame(clock.now());
    });
    ros.subscribe<CameraInfoMessage>(TYPES.cameraInfo, "camera_info", "sensor", ({ width, height }) => { this.#cameraInfo = { width, height }; });
    ros.subscribe<JointStateMessage>(TYPES.jointState, "joint_states", "sensor", (message) => { this.#onJointStates(controller, joints, message); });
    ros.subscribe<ImageMessage>(TYPES.image, "~/goal_image", "latched", (message) => {
      this.#takeGoal({ name: message.header.frame_id === "" ? "image" : message.header.frame_id, image: decodeRawImage(message) });
    });
    const library = new GoalLibrary(goalsDir(p.goals_dir));
    ros.subscribe<StringMessage>(TYPES.string, "~/goal_name", "command", ({ data: name }) => {
      library.image(name).then((image) => { this.#takeGoal({ name, image }); }, (error: unknown) => { ros.log.error(`goal not taken: ${oneLine(error)}`); });
    });
    const failed = (message: string): DoneResponse => ({ success: false, message });
    ros.service<TriggerRequest, DoneResponse>(TYPES.trigger, "~/stop", () => this.#stop(), failed);
    ros.service<TriggerRequest, DoneResponse>(TYPES.trigger, "~/reset", () => this.#reset(), failed);
    ros.service<SetBoolRequest, DoneResponse>(TYPES.setBool, "~/pause", ({ data }) => data ? this.#pause() : this.#resume(), failed);
    ros.parameters.lock("deactivate and clean up the node, set it, and configure again");
    ros.log.info(`configured: ${manifest.name}, ${manifest.action.kind} every ${manifest.action.period_s} s, ${p["planner.method"]} over ${manifest.horizon} steps`);
  }

  #activate(): void {
    const configured = this.#configured;
    if (configured === undefined) {
      throw new Error("not configured");
    }
    const { controller, clock, periodS, framePhase } = configured;
    const ticks = new Periodic(periodS, () => clock.now(), this.#ros.usesSimTime, () => {
      this.#frameAgeS = framePhase.ageS(clock.now());
      this.#ros.guarded("control step", () => { controller.tick(); });
      ticks.shift(framePhase.shift(ticks.dueS, controller.status.state === "planning" ? MOVING_SHIFT_S : periodS));
    });
    this.#ticks = ticks;
    this.#ros.log.info("active");
  }

  #deactivate(): void {
    this.#ticks?.stop();
    this.#ticks = undefined;
    // Brakes and forgets the goal, so that nothing starts to move by itself when the node is activated again.
    this.#configured?.controller.clearGoal();
    this.#goal = undefined;
    this.#paused = false;
  }

  #cleanup(): void {
    const configured = this.#configured;
    if (configured !== undefined) {
      configured.controller.shutdown();
      configured.commandLoop.stop();
      this.#ros.destroyFrom(configured.entitiesBefore);
    }
    const planning = this.#assembly?.planning;
    this.#closed = Promise.resolve(planning?.close()).catch((error: unknown) => { this.#ros.log.warn(`closing the planner: ${oneLine(error)}`); });
    this.#configured = undefined;
    this.#assembly = undefined;
    this.#lastStatus = undefined;
    this.#ros.parameters.lock(undefined);
  }

  #onImage(controller: Controller, message: ImageMessage): void {
    let image: RgbImage;
    try {
      // Copies: the message's memory is freed when this returns.
      image = decodeRawImage(message);
    } catch (error) {
      this.#complaints.say(`image: ${oneLine(error)}`, "image");
      return;
    }
    const info = this.#cameraInfo;
    if (info !== undefined && (info.width !== image.width || info.height !== image.height)) {
      this.#complaints.say(`camera_info says ${info.width}x${info.height}, the pictures are ${image.width}x${image.height}`, "camera_info");
    }
    const { stampS, ageS, oddity } = judgeStamp("image", message.header.stamp, this.#ros.nowS(), this.#parameters.camera_timeout_s);
    if (oddity !== undefined) {
      this.#complaints.say(oddity, "image stamp");
    }
    this.#counts.frames++;
    controller.onImage(image, stampS, ageS);
  }

  #onJointStates(controller: Controller, joints: JointStateCollector, message: JointStateMessage): void {
    const collected = joints.collect(message, performance.now() / 1000);
    switch (collected?.kind) {
      case undefined:
        return;
      case "malformed":
        this.#complaints.say(collected.reason, "joint_states");
        return;
      case "incomplete":
        this.#complaints.say(`joint_states has no ${collected.missing.join(", ")} (the last one has ${message.name.join(", ")})`, "joint_states");
        return;
      case "state": {
        const { stampS, ageS, oddity } = judgeStamp("joint_states", message.header.stamp, this.#ros.nowS(), this.#parameters.joint_states_timeout_s);
        if (oddity !== undefined) {
          this.#complaints.say(oddity, "joint_states stamp");
        }
        this.#counts.jointStates++;
        this.#robotStampS = stampS;
        controller.onJointState(collected.state, stampS, ageS);
      }
    }
  }

  #takeGoal(goal: { readonly name: string; readonly image: RgbImage }): void {
    this.#goal = goal;
    const controller = this.#configured?.controller;
    if (this.#paused) {
      this.#ros.log.info(`goal "${goal.name}" is kept until the pause ends`);
      return;
    }
    controller?.setGoal(goal).then(
      () => { this.#ros.log.info(`goal "${goal.name}"`); },
      (error: unknown) => { this.#ros.log.error(`goal not taken: ${oneLine(error)}`); },
    );
  }

  #stop(): DoneResponse {
    this.#paused = false;
    this.#controller().stop();
    return { success: true, message: "stopped; ~/reset ends it" };
  }

  #reset(): DoneResponse {
    this.#paused = false;
    this.#goal = undefined;
    this.#controller().reset();
    return { success: true, message: "reset; send a goal" };
  }

  #pause(): DoneResponse {
    const controller = this.#controller();
    if (controller.status.state === "stopped") {
      return { success: false, message: "stopped; ~/reset ends it" };
    }
    this.#paused = true;
    controller.clearGoal();
    return { success: true, message: this.#goal === undefined ? "paused without a goal" : `paused on the way to "${this.#goal.name}"` };
  }

  #resume(): DoneResponse {
    if (!this.#paused) {
      return { success: true, message: "was not paused" };
    }
    this.#controller();
    this.#paused = false;
    if (this.#goal !== undefined) {
      this.#takeGoal(this.#goal);
    }
    return { success: true, message: this.#goal === undefined ? "going on without a goal" : `going on to "${this.#goal.name}"` };
  }

  #controller(): Controller {
    if (this.#configured === undefined) {
      throw new Error("the node is not configured");
    }
    return this.#configured.controller;
  }

  #publishStatus(status: ControllerStatus): void {
    const shown = this.#paused && status.state === "idle" ? { ...status, sentence: "Paused: ~/pause with false goes on." } : status;
    const last = this.#lastStatus;
    this.#lastStatus = shown;
    if (shown.state !== last?.state || shown.holdReason !== last.holdReason) {
      const log = this.#ros.log;
      if (shown.state === "holding" || shown.state === "stopped") {
        log.warn(shown.sentence);
      } else {
        log.info(shown.sentence);
      }
    }
    this.#status.publish(statusMessage(shown, NODE_NAME, this.#configured?.bundleName ?? ""));
  }

  /** Once a second, whatever the state; an inactive node says so on ~/status too. */
  #publishDiagnostics(): void {
    const nowS = performance.now() / 1000;
    const spanS = nowS - this.#counts.sinceS;
    const { frames, jointStates } = this.#counts;
    this.#counts = { frames: 0, jointStates: 0, sinceS: nowS };
    const active = this.#ticks !== undefined;
    const bundle = this.#configured?.bundleName ?? "";
    const control = active && this.#lastStatus !== undefined
      ? statusMessage(this.#lastStatus, NODE_NAME, bundle)
      : plainStatusMessage(active ? "starting" : "inactive", active ? "Starting." : "Inactive: the lifecycle is not at active.", LEVEL.warn, NODE_NAME, bundle);
    if (!active) {
      this.#status.publish(control);
    }
    const inputs: DiagnosticStatusMessage = {
      level: !active || (frames > 0 && jointStates > 0) ? LEVEL.ok : LEVEL.stale,
      name: `${NODE_NAME}: inputs`,
      message: `${(frames / spanS).toFixed(1)} pictures and ${(jointStates / spanS).toFixed(1)} joint states a second`,
      hardware_id: bundle,
      values: [
        { key: "image_hz", value: (frames / spanS).toFixed(2) },
        { key: "joint_states_hz", value: (jointStates / spanS).toFixed(2) },
        ...(this.#frameAgeS === undefined ? [] : [{ key: "frame_age_ms", value: (this.#frameAgeS * 1000).toFixed(1) }]),
        { key: "missed_periods", value: String(this.#ticks?.missed ?? 0) },
        { key: "missed_command_cycles", value: String(this.#configured?.commandLoop.missed ?? 0) },
      ],
    };
    this.#diagnostics.publish({ header: { stamp: this.#ros.stamp(), frame_id: "" }, status: [{ ...control, name: `${NODE_NAME}: control` }, inputs] });
  }

  /** Waits for the text on the topic robot_description. */
  #robotDescription(timeoutS: number): Promise<string> {
    const before = this.#ros.entityCount;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => { reject(new Error(`no robot_description came within ${timeoutS} s; set the parameter urdf to a file`)); }, timeoutS * 1000);
      this.#ros.subscribe<StringMessage>(TYPES.string, "robot_description", "latched", ({ data }) => {
        clearTimeout(timer);
        resolve(data);
      });
    }).finally(() => { this.#ros.destroyFrom(before); });
  }
}
