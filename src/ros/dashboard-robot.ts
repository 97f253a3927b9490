import { readFile } from "node:fs/promises";

import { decodeRawImage } from "../camera/encodings.js";
import { pinholeOfMatrix, projectPoints } from "../camera/project-points.js";
import { parseUrdf } from "../robot/urdf.js";
import { bundleIdentity, readManifest } from "../world-model/index.js";
import { Complaints } from "./complaints.js";
import { CompressedCamera } from "./compressed-camera.js";
import { locate } from "./locate.js";
import { TYPES } from "./messages.js";
import { RemoteParameters } from "./remote-parameters.js";
import { oneLine, RosNode } from "./ros-node.js";
import { callService } from "./service-call.js";

import type { OpticalPose } from "../camera/optical-pose.js";
import type { Pinhole, PlacedCamera } from "../camera/project-points.js";
import type { JointFacts, ParameterSummary, PicturePoint, Point, SettableValue, StatusMessage } from "../dashboard/messages.js";
import type { BundleFacts, Done, RobotEvents, RobotFacts, RobotPort } from "../dashboard/robot-port.js";
import type {
  CameraInfoMessage, CompressedImageMessage, DiagnosticArrayMessage, DiagnosticStatusMessage, DoneResponse, Float64MultiArrayMessage, ImageMessage, JointStateMessage,
  LogRecordMessage, MarkerArrayMessage, ParameterEventMessage, PoseStampedMessage, SetBoolRequest, StringMessage, TriggerRequest,
} from "./messages.js";
import type { RclClient, RclPublisher } from "./rclnodejs.js";

/** A stop that was not confirmed for so long is told as such, ms. */
const STOP_WITHIN_MS = 1000;
const SERVICE_WITHIN_MS = 2000;
/** Reading and encoding a goal takes much less. */
const GOAL_WITHIN_MS = 5000;
const DESCRIPTION_WITHIN_MS = 1000;
/** Pictures and joint states that come faster are left out before anything is done with them, ms. */
const PICTURE_EVERY_MS = 95;
const JOINTS_EVERY_MS = 90;
const WARNING = 30;
const ERROR = 40;

export interface DashboardRobotOptions {
  /** The controller's full name. */
  readonly node: string;
  /** sensor_msgs/Image, or CompressedImage where it ends with /compressed. */
  readonly imageTopic: string;
  readonly jointStatesTopic: string;
}

/** The controller on the graph, for the dashboard: a node of its own that only looks on until somebody asks for something. */
export class DashboardRobot implements RobotPort {
  readonly node: string;
  readonly #ros: RosNode;
  readonly #events: RobotEvents;
  readonly #options: DashboardRobotOptions;
  readonly #parameters: RemoteParameters;
  readonly #stop: RclClient<TriggerRequest, DoneResponse>;
  readonly #reset: RclClient<TriggerRequest, DoneResponse>;
  readonly #pause: RclClient<SetBoolRequest, DoneResponse>;
  readonly #goalName: RclPublisher<StringMessage>;
  readonly #complaints: Complaints;
  /** Entities that are always there. */
  readonly #always: number;
  #lens: Pinhole | undefined;
  #cameraPose: OpticalPose | undefined;
  #description: string | undefined;
  #pictureMs = Number.NEGATIVE_INFINITY;
  #jointsMs = Number.NEGATIVE_INFINITY;
  readonly #joints = new Map<string, { position: number; velocity: number }>();
  #status: { readonly goal: string | undefined; readonly sentence: string; readonly atMs: number } = { goal: undefined, sentence: "", atMs: 0 };

  constructor(ros: RosNode, options: DashboardRobotOptions, events: RobotEvents) {
    const { node } = options;
    this.node = node;
    this.#ros = ros;
    this.#options = options;
    this.#events = events;
    this.#complaints = new Complaints((text) => { events.log("warning", text); });
    this.#parameters = new RemoteParameters(ros, node);
    this.#stop = ros.serviceClient(TYPES.trigger, `${node}/stop`);
    this.#reset = ros.serviceClient(TYPES.trigger, `${node}/reset`);
    this.#pause = ros.serviceClient(TYPES.setBool, `${node}/pause`);
    this.#goalName = ros.publisher(TYPES.string, `${node}/goal_name`, "command");
    ros.subscribe<DiagnosticStatusMessage>(TYPES.diagnosticStatus, `${node}/status`, "events", (message) => { this.#onStatus(message); });
    ros.subscribe<DiagnosticArrayMessage>(TYPES.diagnosticArray, "/diagnostics", "events", (message) => { this.#onDiagnostics(message); });
    ros.subscribe<ParameterEventMessage>(TYPES.parameterEvent, "/parameter_events", "events", (message) => {
      if (message.node === node) events.parametersChanged();
    });
    ros.subscribe<StringMessage>(TYPES.string, `${node.replace(/\/[^/]*$/, "")}/robot_description`, "latched", ({ data }) => { this.#description = data; });
    const logger = node.slice(1).replaceAll("/", ".");
    ros.subscribe<LogRecordMessage>(TYPES.log, "/rosout", "events", ({ level, name, msg }) => {
      if (name === logger && level >= WARNING) events.log(level >= ERROR ? "error" : "warning", msg);
    });
    this.#always = ros.entityCount;
    ros.spin();
  }

  stop(): Promise<Done> {
    return this.#done(callService(this.#stop, {}, `${this.node}/stop`, STOP_WITHIN_MS));
  }

  reset(): Promise<Done> {
    return this.#done(callService(this.#reset, {}, `${this.node}/reset`, SERVICE_WITHIN_MS));
  }

  pause(on: boolean): Promise<Done> {
    return this.#done(callService(this.#pause, { data: on }, `${this.node}/pause`, SERVICE_WITHIN_MS));
  }

  async sendGoal(name: string): Promise<Done> {
    const sentMs = performance.now();
    if (this.#goalName.subscriptionCount === 0) return { ok: false, message: `Nobody listens on ${this.node}/goal_name.` };
    this.#goalName.publish({ data: name });
    // A topic has no answer: the controller's status has it.
    while (performance.now() - sentMs < GOAL_WITHIN_MS) {
      if (this.#status.goal === name && this.#status.atMs > sentMs) return { ok: true, message: `The controller has the goal ${name}.` };
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    return { ok: false, message: `The controller has not begun with ${name}; it says: ${this.#status.sentence || "nothing"}` };
  }

  parameters(): Promise<readonly ParameterSummary[]> {
    return this.#parameters.settable();
  }

  async setParameter(name: string, value: SettableValue): Promise<Done> {
    const refused = await this.#parameters.set(name, value);
    return refused === undefined ? { ok: true, message: `${name} is ${value}.` } : { ok: false, message: refused };
  }

  async facts(): Promise<RobotFacts> {
    this.#parameters.forget();
    const [joints, urdfFile, bundle, tolerance, margin, gripper, recording, memoryDir] = await this.#parameters.values(
      ["joints", "urdf", "bundle", "goal_tolerance", "safety.position_margin", "gripper.joint", "memory.enabled", "memory.dir"]);
    const urdf = await this.#urdf(urdfFile);
    const names = Array.isArray(joints) ? joints.map(String) : [];
    const limited = urdf === undefined ? [] : limitsOf(urdf, (reason) => { this.#complaints.say(reason); });
    const bundleFacts = typeof bundle === "string" ? await this.#bundle(bundle, typeof tolerance === "number" ? tolerance : 0) : undefined;
    return {
      ...(urdf === undefined ? {} : { urdf }),
      joints: names.flatMap((name) => {
        const joint = limited.find((candidate) => candidate.name === name);
        // The gripper goes to its ends.
        return joint === undefined ? [] : [{ ...joint, margin: name === gripper || typeof margin !== "number" ? 0 : margin }];
      }),
      ...(bundleFacts === undefined ? {} : { bundle: bundleFacts }),
      ...(typeof recording === "boolean" ? { recording } : {}),
      ...(typeof memoryDir === "string" && memoryDir !== "" ? { memoryDir } : {}),
    };
  }

  watch(on: boolean): void {
    const ros = this.#ros;
    ros.destroyFrom(this.#always);
    if (!on) return;
    const { node } = this;
    this.#subscribeToCamera();
    this.#subscribeToCandidates();
    ros.subscribe<JointStateMessage>(TYPES.jointState, this.#options.jointStatesTopic, "sensor", (message) => { this.#onJoints(message); });
    ros.subscribe<Float64MultiArrayMessage>(TYPES.float64MultiArray, `${node}/plan`, "events", (message) => {
      const [steps, actions] = message.layout.dim;
      const count = steps?.size ?? 0;
      const width = actions?.size ?? 0;
      this.#events.plan({
        names: (actions?.label ?? "").split(","),
        actions: Array.from({ length: count }, (_, step) => Array.from(message.data.slice(step * width, (step + 1) * width), rounded)),
      });
    });
  }

  close(): void {
    this.#ros.close();
  }

  /** What draws over the picture: candidates, and where the camera is. */
  #subscribeToCandidates(): void {
    const ros = this.#ros;
    const { node } = this;
    // A sibling of the picture's topic, as image_transport has it.
    const cameraInfo = `${this.#options.imageTopic.replace(/\/compressed$/, "").replace(/[^/]*$/, "")}camera_info`;
    ros.subscribe<CameraInfoMessage>(TYPES.cameraInfo, cameraInfo, "sensor", ({ k, width, height }) => { this.#lens = pinholeOfMatrix(k, { width, height }); });
    ros.subscribe<PoseStampedMessage>(TYPES.poseStamped, `${node}/camera_pose`, "latched", ({ pose: { position, orientation } }) => {
      this.#cameraPose = { positionM: [position.x, position.y, position.z], quaternion: [orientation.x, orientation.y, orientation.z, orientation.w] };
    });
    ros.subscribe<MarkerArrayMessage>(TYPES.markerArray, `${node}/candidates`, "events", ({ markers }) => {
      const points = (namespace: string): Point[] => (markers.find(({ ns }) => ns === namespace)?.points ?? []).map(({ x, y, z }) => [rounded(x), rounded(y), rounded(z)]);
      const ends = points("end_points");
      const path = points("plan");
      const [lens, pose] = [this.#lens, this.#cameraPose];
      const picture = lens === undefined || pose === undefined ? undefined : { ends: inPicture(ends, { lens, pose }), path: inPicture(path, { lens, pose }) };
      this.#events.candidates({ ends, path, ...(picture === undefined ? {} : { picture }) });
    });
    ros.subscribe<Float64MultiArrayMessage>(TYPES.float64MultiArray, `${node}/predicted_latent`, "events", ({ data }) => { this.#events.predicted(Float32Array.from(data)); });
  }

  #subscribeToCamera(): void {
    const { imageTopic } = this.#options;
    const complain = (text: string): void => { this.#complaints.say(`${imageTopic}: ${text}`, "image"); };
    const due = (): boolean => {
      const nowMs = performance.now();
      if (nowMs - this.#pictureMs < PICTURE_EVERY_MS) return false;
      this.#pictureMs = nowMs;
      return true;
    };
    if (imageTopic.endsWith("/compressed")) {
      const camera = new CompressedCamera({ onImage: (image) => { this.#events.picture(image); }, onComplaint: complain });
      this.#ros.subscribe<CompressedImageMessage>(TYPES.compressedImage, imageTopic, "sensor", (message) => { if (due()) camera.take(message); });
      return;
    }
    this.#ros.subscribe<ImageMessage>(TYPES.image, imageTopic, "sensor", (message) => {
      if (!due()) return;
      try {
        this.#events.picture(decodeRawImage(message));
      } catch (error) {
        complain(oneLine(error));
      }
    });
  }

  #onStatus(message: DiagnosticStatusMessage): void {
    const values = new Map(message.values.map(({ key, value }) => [key, value]));
    const number = (key: string): number | undefined => {
      const value = Number(values.get(key) ?? NaN);
      return Number.isFinite(value) ? value : undefined;
    };
    const given = <Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> => value === undefined ? {} : { [key]: value } as Record<Key, Value>;
    this.#status = { goal: values.get("goal"), sentence: message.message, atMs: performance.now() };
    this.#events.status({
      state: values.get("state") ?? "",
      sentence: message.message,
      final: values.get("final") === "true",
      ...given("holdReason", values.get("hold_reason")),
      ...given("goal", values.get("goal")),
      ...given("subGoal", subGoalOf(values.get("sub_goal"), number("sub_goal_number"), number("sub_goals"))),
      ...given("energy", number("energy")),
      ...given("startEnergy", number("start_energy")),
      ...given("planMs", number("plan_ms")),
      ...given("steps", number("steps")),
      ...given("speedScale", number("speed_scale")),
      surprise: Object.fromEntries([...values.keys()].filter((key) => key.startsWith("surprise_")).flatMap((key) => {
        const value = number(key);
        return value === undefined ? [] : [[key.slice("surprise_".length), value]];
      })),
    });
  }

  #onDiagnostics(message: DiagnosticArrayMessage): void {
    const inputs = message.status.find(({ name }) => name.endsWith(": inputs") && this.node.endsWith(`/${name.slice(0, -": inputs".length)}`));
    if (inputs === undefined) return;
    const values = new Map(inputs.values.map(({ key, value }) => [key, Number(value)]));
    const known = (name: string, key: string): object => Number.isFinite(values.get(key)) ? { [name]: values.get(key) } : {};
    this.#events.counts({
      ...known("imageHz", "image_hz"), ...known("jointStatesHz", "joint_states_hz"),
      ...known("missedPeriods", "missed_periods"), ...known("missedCommandCycles", "missed_command_cycles"),
    });
  }

  #onJoints({ name, position, velocity }: JointStateMessage): void {
    if (position.length !== name.length) return;
    // All of them: arm and gripper may have publishers of their own.
    for (const [i, joint] of name.entries()) this.#joints.set(joint, { position: position[i]!, velocity: velocity[i] ?? 0 });
    const nowMs = performance.now();
    if (nowMs - this.#jointsMs < JOINTS_EVERY_MS) return;
    this.#jointsMs = nowMs;
    this.#events.joints(this.#joints);
  }

  /** The file that the controller names, where it is on this machine; else what is published. */
  async #urdf(file: unknown): Promise<string | undefined> {
    if (typeof file === "string" && file !== "") {
      try {
        return await readFile(locate("urdf", file), "utf8");
      } catch (error) {
        this.#complaints.say(`no drawing of the arm: ${oneLine(error)}`);
        return undefined;
      }
    }
    for (const dueMs = performance.now() + DESCRIPTION_WITHIN_MS; this.#description === undefined && performance.now() < dueMs;) {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    return this.#description;
  }

  async #bundle(path: string, tolerance: number): Promise<BundleFacts | undefined> {
    try {
      const manifest = await readManifest(locate("bundle", path));
      const { name, encoderSha256 } = bundleIdentity(manifest);
      return {
        name, encoderSha256, reachedBelow: tolerance > 0 ? tolerance : manifest.energy.reached_below,
      };
    } catch (error) {
      this.#complaints.say(`the controller's bundle is not known here: ${oneLine(error)}`);
      return undefined;
    }
  }

  async #done(answer: Promise<DoneResponse>): Promise<Done> {
    try {
      const { success, message } = await answer;
      return { ok: success, message };
    } catch (error) {
      return { ok: false, message: oneLine(error) };
    }
  }
}

function subGoalOf(name: string | undefined, number: number | undefined, count: number | undefined): StatusMessage["subGoal"] {
  return name === undefined || number === undefined || count === undefined ? undefined : { name, number, count };
}

/** Those that are in the picture, as shares of its width and height. */
function inPicture(points: readonly Point[], camera: PlacedCamera): PicturePoint[] {
  const pixels = projectPoints(points.flat(), camera);
  return points.flatMap((_, i): PicturePoint[] => {
    const [x, y] = [(pixels[2 * i]! + 0.5) / camera.lens.width, (pixels[2 * i + 1]! + 0.5) / camera.lens.height];
    return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? [[rounded(x), rounded(y)]] : [];
  });
}

/** As many digits as somebody sees. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function limitsOf(urdf: string, complain: (reason: string) => void): Omit<JointFacts, "margin">[] {
  try {
    return parseUrdf(urdf).joints.flatMap(({ name, type, limits }) => limits === undefined ? [] : [{
      name, linear: type === "prismatic", lower: Math.max(limits.lower, -1e3), upper: Math.min(limits.upper, 1e3), maxVelocity: limits.maxVelocity,
    }]);
  } catch (error) {
    complain(oneLine(error));
    return [];
  }
}

/** Joins the graph as the dashboard's node. @throws RosUnavailable with one line. */
export function createDashboardNode(argv: readonly string[]): Promise<RosNode> {
  return RosNode.create("jepa_mpc_dashboard", { argv: [process.execPath, "dashboard", ...argv], lifecycle: false });
}
