import { readFile } from "node:fs/promises";

import { decodeRawImage } from "../camera/encodings.js";
import { Controller } from "../control/controller.js";
import { GoalLibrary } from "../goals/goal-library.js";
import { goalsDir } from "../goals/goals-dir.js";
import { CommandLoop } from "./command-loop.js";
import { createCommandOutput } from "./command-output.js";
import { Complaints } from "./complaints.js";
import { CompressedCamera } from "./compressed-camera.js";
import { ControlClock } from "./control-clock.js";
import { assembleController } from "./controller-assembly.js";
import { hasInterfaces } from "./environment.js";
import { FramePhase } from "./frame-phase.js";
import { GOAL_ERROR } from "./goal-error-code.js";
import { GoalDesk } from "./goal-desk.js";
import { subscribeToGoals } from "./goal-topics.js";
import { CONTROLLER_INTERFACES } from "./interfaces.js";
import { judgeInputRates } from "./input-rates.js";
import { JointStateCollector } from "./joint-state-collector.js";
import { LifecycleShell } from "./lifecycle-shell.js";
import { locate } from "./locate.js";
import { objectiveMessage } from "./objective-message.js";
import { ObservedPlanning } from "./observed-planning.js";
import { CONTROLLER_PARAMETERS, jointLimitParameters } from "./parameters.js";
import { Periodic } from "./periodic.js";
import { ReachGoalAction } from "./reach-goal-action.js";
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
  CameraInfoMessage, CompressedImageMessage, DiagnosticArrayMessage, DiagnosticStatusMessage, DoneResponse, Float64MultiArrayMessage, Header,
  ImageMessage, JointStateMessage, SetBoolRequest, StringMessage, TriggerRequest,
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
  readonly desk: GoalDesk;
  /** Undefined where this ROS has not built the interface package. */
  readonly action: ReachGoalAction | undefined;
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
  #lastStatus: ControllerStatus | undefined;
  #cameraInfo: { readonly width: number; readonly height: number } | undefined;
  /** Age of the newest frame at the last control step, s. */
  #frameAgeS: number | undefined;
  /** Newest stamp of the joint states, s; 0 without. */
  #robotStampS = 0;
  #counts: { frames: number; jointStates: number; readonly sinceS: number; readonly controlSinceS?: number } = { frames: 0, jointStates: 0, sinceS: performance.now() / 1000 };

  constructor(ros: RosNode) {
    this.#ros = ros;
    this.#parameters = ros.parameters.declare(CONTROLLER_PARAMETERS);
    ros.parameters.declare(jointLimitParameters(this.#parameters.joints));
    this.#complaints = new Complaints((text) => { ros.log.warn(text); });
    this.#status = ros.publisherOf(CONTROLLER_INTERFACES.status);
    this.#diagnostics = ros.publisherOf(CONTROLLER_INTERFACES.diagnostics);
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
      settled: () => this.#settled(),
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
      this.#endGoals(configured, "The node was shut down.");
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
    this.#assembly = await assembleController(p, limits, urdf, deadlineMs, (sentence) => { this.#ros.log.error(sentence); }, {
      newest: () => this.#ros.parameters.values(CONTROLLER_PARAMETERS),
      warn: (sentence) => { this.#ros.log.warn(sentence); },
    });
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
    const plan = ros.publisherOf<Float64MultiArrayMessage>(CONTROLLER_INTERFACES.plan);
    const objective = ros.publisherOf<DiagnosticStatusMessage>(CONTROLLER_INTERFACES.objective);
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
      planning: new ObservedPlanning(assembly.planning, ({ actions, terms }) => {
        this.#configured?.action?.onPlan();
        if (terms !== undefined && objective.subscriptionCount > 0) {
          objective.publish(objectiveMessage(terms, NODE_NAME, manifest.name));
        }
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
    const library = new GoalLibrary(goalsDir(p.goals_dir));
    const desk = new GoalDesk({ controller, encode: (image) => assembly.planning.encode(image), log: ros.log });
    const action = this.#reachGoalAction(p, { controller, desk, library, clock });
    this.#configured = {
      controller, desk, action, bundleName: manifest.name, clock, framePhase, periodS: manifest.action.period_s, output, commandLoop, entitiesBefore,
    };

    this.#subscribeToCamera(p, (image, header, waitedS) => {
      this.#onImage(controller, image, header, waitedS);
      framePhase.onFrame(clock.now() - waitedS);
    });
    ros.subscribeTo<CameraInfoMessage>(CONTROLLER_INTERFACES.cameraInfo, ({ width, height }) => { this.#cameraInfo = { width, height }; });
    ros.subscribeTo<JointStateMessage>(CONTROLLER_INTERFACES.jointStates, (message) => { this.#onJointStates(controller, joints, message); });
    subscribeToGoals(ros, desk, library);
    const failed = (message: string): DoneResponse => ({ success: false, message });
    ros.serve<TriggerRequest, DoneResponse>(CONTROLLER_INTERFACES.stop, () => desk.stop(), failed);
    ros.serve<TriggerRequest, DoneResponse>(CONTROLLER_INTERFACES.reset, () => desk.reset(), failed);
    ros.serve<SetBoolRequest, DoneResponse>(CONTROLLER_INTERFACES.pause, ({ data }) => data ? desk.pause() : desk.resume(), failed);
    for (const name of ros.parameters.unknownQosOverrides()) {
      ros.log.warn(`parameter ${name} fits no topic of this node and was ignored; topics are named in full, such as qos_overrides./joint_states.subscription.depth`);
    }
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
    this.#endGoals(this.#configured, "The node was deactivated.");
  }

  /** The robot stands, or had time enough to brake, and its last command has left the process. */
  async #settled(): Promise<void> {
    for (const end = performance.now() + LONGEST_STOP_S * 1000; this.#configured?.controller.standing === false && performance.now() < end;) {
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    await new Promise((resolve) => { setTimeout(resolve, FLUSH_S * 1000); });
  }

  #cleanup(): void {
    const configured = this.#configured;
    if (configured !== undefined) {
      configured.controller.shutdown();
      this.#endGoals(configured, "The node was cleaned up.");
      configured.commandLoop.stop();
      this.#ros.destroyFrom(configured.entitiesBefore);
    }
    const planning = this.#assembly?.planning;
    const action = configured?.action;
    // The server a little later: results that were just sent are still on their way out.
    const actionGone = action === undefined ? undefined : new Promise<void>((resolve) => {
      setTimeout(() => { action.destroy(); resolve(); }, FLUSH_S * 1000);
    });
    this.#closed = Promise.all([actionGone, planning?.close()]).then(() => undefined).catch((error: unknown) => { this.#ros.log.warn(`closing the planner: ${oneLine(error)}`); });
    this.#configured = undefined;
    this.#assembly = undefined;
    this.#lastStatus = undefined;
    this.#ros.parameters.lock(undefined);
  }

  /** The action, or one line in the log that says why there is none. */
  #reachGoalAction(
    p: ControllerParameters, { controller, desk, library, clock }: { controller: Controller; desk: GoalDesk; library: GoalLibrary; clock: ControlClock },
  ): ReachGoalAction | undefined {
    const { name } = CONTROLLER_INTERFACES.reachGoalImage;
    try {
      if (!hasInterfaces("jepa_mpc_msgs")) {
        throw new Error("the interface package jepa_mpc_msgs is not built for this ROS 2; build it (msgs/) and run `npm run setup`");
      }
      return new ReachGoalAction({
        ros: this.#ros, name, desk, controller, library, nowS: () => clock.now(), failureToleranceS: p.failure_tolerance,
        whyNot: () => this.#ticks === undefined ? "the node is not active" : controller.status.state === "stopped" ? controller.status.sentence : undefined,
      });
    } catch (error) {
      this.#ros.log.warn(`the action ${name} is not offered: ${oneLine(error)}`);
      return undefined;
    }
  }

  /** Ends goals without anybody having asked for it. The robot must be holding by then. */
  #endGoals(configured: Configured | undefined, message: string): void {
    configured?.desk.endAll({ code: GOAL_ERROR.deactivated, message });
    configured?.action?.finishAll();
  }

  /** @param take given a picture of its own, and how long decoding kept it, s. */
  #subscribeToCamera(p: ControllerParameters, take: (image: RgbImage, header: Header, waitedS: number) => void): void {
    const ros = this.#ros;
    const complain = (text: string): void => { this.#complaints.say(`image: ${text}`, "image"); };
    if (p.image_transport === "compressed") {
      const camera = new CompressedCamera({ onImage: (...picture) => { ros.guarded("picture", () => { take(...picture); }); }, onComplaint: complain });
      // As image_transport does it: what moves the base topic moves this one, too.
      const spec = { ...CONTROLLER_INTERFACES.compressedImage, name: `${ros.resolve(CONTROLLER_INTERFACES.image.name)}/compressed` };
      ros.subscribeTo<CompressedImageMessage>(spec, (message) => { camera.take(message); });
      return;
    }
    ros.subscribeTo<ImageMessage>(CONTROLLER_INTERFACES.image, (message) => {
      let image: RgbImage;
      try {
        // Copies: the message's memory is freed when this returns.
        image = decodeRawImage(message);
      } catch (error) {
        complain(oneLine(error));
        return;
      }
      take(image, message.header, 0);
    });
  }

  #onImage(controller: Controller, image: RgbImage, header: Header, waitedS: number): void {
    const info = this.#cameraInfo;
    if (info !== undefined && (info.width !== image.width || info.height !== image.height)) {
      this.#complaints.say(`camera_info says ${info.width}x${info.height}, the pictures are ${image.width}x${image.height}`, "camera_info");
    }
    const { stampS, ageS, oddity } = judgeStamp("image", header.stamp, this.#ros.nowS(), this.#parameters.camera_timeout_s);
    if (oddity !== undefined) {
      this.#complaints.say(oddity, "image stamp");
    }
    this.#counts.frames++;
    controller.onImage(image, stampS, Math.max(ageS, waitedS));
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

  #publishStatus(status: ControllerStatus): void {
    const shown = this.#configured?.desk.paused === true && status.state === "idle" ? { ...status, sentence: "Paused: ~/pause with false goes on." } : status;
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
    const controlS = this.#configured?.clock.now() ?? nowS;
    const { frames, jointStates, controlSinceS = controlS - spanS } = this.#counts;
    this.#counts = { frames: 0, jointStates: 0, sinceS: nowS, ...(this.#configured === undefined ? {} : { controlSinceS: controlS }) };
    const { camera_rate_hz: cameraHz, joint_states_rate_hz: jointStatesHz, joint_states_timeout_s: jointTimeoutS } = this.#parameters;
    const rates = judgeInputRates({
      frames, jointStates, spanS: Math.max(1e-3, controlS - controlSinceS),
      cameraHz: cameraHz > 0 ? cameraHz : 1 / (this.#configured?.periodS ?? 1), jointStatesHz: jointStatesHz > 0 ? jointStatesHz : 1 / jointTimeoutS,
    });
    const active = this.#ticks !== undefined;
    const bundle = this.#configured?.bundleName ?? "";
    const control = active && this.#lastStatus !== undefined
      ? statusMessage(this.#lastStatus, NODE_NAME, bundle)
      : plainStatusMessage(active ? "starting" : "inactive", active ? "Starting." : "Inactive: the lifecycle is not at active.", LEVEL.warn, NODE_NAME, bundle);
    if (!active) {
      this.#status.publish(control);
    }
    const inputs: DiagnosticStatusMessage = {
      level: active ? rates.level : LEVEL.ok,
      name: `${NODE_NAME}: inputs`,
      message: rates.message,
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
      this.#ros.subscribeTo<StringMessage>(CONTROLLER_INTERFACES.robotDescription, ({ data }) => {
        clearTimeout(timer);
        resolve(data);
      });
    }).finally(() => { this.#ros.destroyFrom(before); });
  }
}
