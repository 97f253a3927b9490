import { readFile } from "node:fs/promises";

import { Controller } from "../control/controller.js";
import { VisitPlanning } from "../control/visit-planning.js";
import { GoalLibrary } from "../goals/goal-library.js";
import { goalsDir } from "../goals/goals-dir.js";
import { FrameTurn } from "../robot/frame-turn.js";
import { bundleIdentity } from "../world-model/index.js";
import { withGripper } from "../world-model/with-gripper.js";
import { CameraCalibrator } from "./camera-calibrator.js";
import { CommandLoop } from "./command-loop.js";
import { createCommandOutput } from "./command-output.js";
import { Complaints } from "./complaints.js";
import { ControlClock } from "./control-clock.js";
import { assembleController } from "./controller-assembly.js";
import { hasInterfaces } from "./environment.js";
import { calibrationText, startRecording } from "./episode-recording.js";
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
import { PlanViews } from "./plan-views.js";
import { recallSoon } from "./recall-soon.js";
import { CONTROLLER_PARAMETERS, jointLimitParameters } from "./parameters.js";
import { Periodic } from "./periodic.js";
import { latentMessage, planMessage } from "./plan-message.js";
import { ReachGoalAction } from "./reach-goal-action.js";
import { oneLine } from "./ros-node.js";
import { judgeStamp } from "./stamp-judge.js";
import { LEVEL, plainStatusMessage, statusMessage } from "./status-message.js";
import { subscribeToCamera } from "./subscribe-to-camera.js";

import type { RgbImage } from "../camera/types.js";
import type { ControllerStatus } from "../control/status.js";
import type { JointTrajectory } from "../robot/types.js";
import type { Assembly } from "./controller-assembly.js";
import type { CommandOutput } from "./command-output.js";
import type { RequestedModel } from "./goal-request.js";
import type { EpisodeRecording } from "./episode-recording.js";
import type { LifecycleSteps } from "./lifecycle-shell.js";
import type {
  CameraInfoMessage, DiagnosticArrayMessage, DiagnosticStatusMessage, DoneResponse, Float64MultiArrayMessage, Header, JointStateMessage, SetBoolRequest, StringMessage, TriggerRequest,
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
/** While leaving, the recording thread is waited for so long at most, s: what is not on disk by then is recovered at the next start. */
const RECORDED_BY_S = 0.3;
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
  readonly views: PlanViews;
  readonly commandLoop: CommandLoop;
  /** Undefined when it is switched off. */
  readonly recording: EpisodeRecording | undefined;
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
  #calibrationText: string | undefined;
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
      configured.views.close();
    }
    await configured?.recording?.close(RECORDED_BY_S);
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
      cameraTopic: this.#ros.resolve(CONTROLLER_INTERFACES.image.name),
    });
    this.#calibrationText = await calibrationText(p);
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
    const predicted = ros.publisherOf<Float64MultiArrayMessage>(CONTROLLER_INTERFACES.predictedLatent);
    const objective = ros.publisherOf<DiagnosticStatusMessage>(CONTROLLER_INTERFACES.objective);
    const { pipeline } = assembly.options;
    const output = createCommandOutput(p, ros, () => clock.now(), {
      limits: assembly.limits, start: () => pipeline.setpointAt(0).positions, stampS: () => this.#robotStampS,
      onForeign: (topic) => {
        this.#configured?.controller.giveUp("other_commander",
          `Holding: another node sent a command to ${topic}. Let only one command the arm, then call ~/reset and send the goal again.`);
      },
    });
    // For ~/plan: what is executed, in the base frame.
    const turned = assembly.turn === undefined ? undefined : new FrameTurn(manifest.action.names, assembly.turn);
    const views = new PlanViews(ros, {
      baseLink: p.base_link, cameraPose: p["camera.pose"], periodS: manifest.action.period_s, nowS: () => clock.now(),
      stateNames: manifest.state.names, actionNames: manifest.action.names, robot: assembly.robot,
    });
    const observed = new ObservedPlanning(assembly.planning, {
      wantsCandidates: () => views.wantsCandidates(),
      wantsEnd: () => predicted.subscriptionCount > 0,
      onPlan: (result, request) => {
        const { actions, terms, endLatent } = result;
        this.#configured?.action?.onPlan();
        if (terms !== undefined && objective.subscriptionCount > 0) {
          objective.publish(objectiveMessage(terms, NODE_NAME, manifest.name));
        }
        if (plan.subscriptionCount > 0) plan.publish(planMessage(turned === undefined ? actions : turned.toBase(actions), manifest.action.names));
        if (endLatent !== undefined) predicted.publish(latentMessage(endLatent));
        ros.guarded("candidates", () => { views.onPlan(result, request); });
      },
    });
    const framePhase = new FramePhase();
    const planning = new VisitPlanning(observed, { actionNames: manifest.action.names, high: manifest.action.high, stateNames: manifest.state.names });
    let ended = true;
    const recording = startRecording(p, assembly, this.#calibrationText, planning, ros, () => clock.now());
    // Not spread: that would read the deadline once and for all.
    const controller = new Controller(Object.assign(assembly.options, {
      clock: () => clock.now(),
      outsideFault: () => clock.stopped
        ? { reason: "clock_stopped", sentence: "Holding: ROS time stands still; is what publishes /clock running?", ownStop: true } as const
        : undefined,
      pictureDueS: () => framePhase.dueS(clock.now()),
      planning,
      ...(recording === undefined ? {} : { witness: recording.witness }),
      ports: { sendTrajectory: (trajectory: JointTrajectory, startS: number) => { output.send(trajectory, startS); }, publishStatus: (status: ControllerStatus) => {
        this.#publishStatus(status);
        assembly.learned?.onStatus(status);
        if (status.final && !ended) recallSoon(planning);
        ended = status.final;
      } },
    }));
    const calibrator = new CameraCalibrator({
      controller, planning, assembly, cameraTopic: ros.resolve(CONTROLLER_INTERFACES.image.name), parameters: () => ros.parameters.values(CONTROLLER_PARAMETERS), nowS: () => clock.now(),
      whyNot: () => this.#ticks === undefined ? "the node is not active" : this.#configured?.desk.paused === true ? "paused; ~/pause with false goes on" : undefined, log: ros.log,
    });
    const commandLoop = new CommandLoop(controller, output, clock, ros, 1 / p.command_rate_hz);
    const library = new GoalLibrary(goalsDir(p.goals_dir));
    const desk = new GoalDesk({
      controller, look: (image) => planning.look(image), withGripper: (latent, gripper) => withGripper(latent, manifest, gripper), log: ros.log,
    });
    const action = this.#reachGoalAction(p, { controller, desk, library, clock, model: { ...bundleIdentity(manifest), latentDim: planning.model.latentDim } });
    this.#configured = {
      controller, desk, action, bundleName: manifest.name, clock, framePhase, periodS: manifest.action.period_s, output, views, commandLoop, recording, entitiesBefore,
    };

    subscribeToCamera(ros, {
      transport: p.image_transport, image: CONTROLLER_INTERFACES.image, compressedImage: CONTROLLER_INTERFACES.compressedImage,
      onImage: (image, header, waitedS) => {
        views.onImage(image, header);
        this.#onImage(controller, image, header, waitedS);
        framePhase.onFrame(clock.now() - waitedS);
      },
      onComplaint: (text) => { this.#complaints.say(`image: ${text}`, "image"); },
    });
    ros.subscribeTo<CameraInfoMessage>(CONTROLLER_INTERFACES.cameraInfo, (message) => {
      const { width, height } = message;
      this.#cameraInfo = { width, height };
      views.onCameraInfo(message);
    });
    ros.subscribeTo<JointStateMessage>(CONTROLLER_INTERFACES.jointStates, (message) => { this.#onJointStates(controller, joints, message); });
    subscribeToGoals(ros, desk, library);
    const failed = (message: string): DoneResponse => ({ success: false, message });
    ros.serve<TriggerRequest, DoneResponse>(CONTROLLER_INTERFACES.stop, () => desk.stop(), failed);
    ros.serve<TriggerRequest, DoneResponse>(CONTROLLER_INTERFACES.reset, () => desk.reset(), failed);
    ros.serve<TriggerRequest, DoneResponse>(CONTROLLER_INTERFACES.calibrateCamera, () => calibrator.calibrate(), failed);
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
      configured.views.close();
      this.#ros.destroyFrom(configured.entitiesBefore);
    }
    const planning = this.#assembly?.planning;
    const action = configured?.action;
    // The server a little later: results that were just sent are still on their way out.
    const actionGone = action === undefined ? undefined : new Promise<void>((resolve) => {
      setTimeout(() => { action.destroy(); resolve(); }, FLUSH_S * 1000);
    });
    this.#closed = Promise.all([actionGone, planning?.close(), this.#assembly?.learned?.save(), configured?.recording?.close(5)]).then(() => undefined).catch((error: unknown) => { this.#ros.log.warn(`closing the planner: ${oneLine(error)}`); });
    this.#configured = undefined;
    this.#assembly = undefined;
    this.#lastStatus = undefined;
    this.#ros.parameters.lock(undefined);
  }

  /** The action, or one line in the log that says why there is none. */
  #reachGoalAction(
    p: ControllerParameters,
    { controller, desk, library, clock, model }: { controller: Controller; desk: GoalDesk; library: GoalLibrary; clock: ControlClock; model: RequestedModel },
  ): ReachGoalAction | undefined {
    const { name } = CONTROLLER_INTERFACES.reachGoalImage;
    try {
      if (!hasInterfaces("jepa_mpc_msgs")) {
        throw new Error("the interface package jepa_mpc_msgs is not built for this ROS 2; build it (msgs/) and run `npm run setup`");
      }
      return new ReachGoalAction({
        ros: this.#ros, name, desk, controller, library, model, nowS: () => clock.now(), failureToleranceS: p.failure_tolerance,
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
    this.#configured?.recording?.said(status);
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
    // Inside a control step: whatever fails in a picture for people is no reason to hold.
    this.#ros.guarded("overlay", () => { this.#configured?.views.onStatus(shown); });
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
    const memory = this.#configured?.recording === undefined ? [] : [this.#configured.recording.diagnostic(NODE_NAME, bundle)];
    this.#diagnostics.publish({ header: { stamp: this.#ros.stamp(), frame_id: "" }, status: [{ ...control, name: `${NODE_NAME}: control` }, inputs, ...memory] });
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
