import { formatOpticalPose } from "../../src/camera/optical-pose.js";
import { Complaints } from "../../src/ros/complaints.js";
import { hasInterfaces } from "../../src/ros/environment.js";
import { toRosTime, toSeconds } from "../../src/ros/time.js";
import { oneLine } from "../../src/ros/ros-node.js";
import { PERIOD_S } from "../actuate.js";
import { RayCastCamera } from "../camera.js";
import { turnCamera } from "../environments/index.js";
import { createTask } from "../tasks.js";
import { RefusedCommand } from "../trajectory-controller.js";
import { cameraInfoMessage, depthMessage, rgbMessage, segmentationMessage } from "./image-messages.js";
import { SIMULATOR_INTERFACES } from "./interfaces.js";
import { Pacer } from "./pacer.js";
import { SIMULATOR_PARAMETERS } from "./parameters.js";

import type { Task, TaskName } from "../tasks.js";
import type { SimWorld } from "../world.js";
import type { RclPublisher } from "../../src/ros/rclnodejs.js";
import type { RosNode } from "../../src/ros/ros-node.js";
import type {
  BoolMessage, CameraInfoMessage, ClockMessage, DoneResponse, Float64Message, Float64MultiArrayMessage, Header, ImageMessage, JointStateMessage,
  JointTrajectoryMessage, TransformsMessage, TriggerRequest,
} from "../../src/ros/messages.js";
import type { SimulatorParameters } from "./parameters.js";

/** Simulated seconds between two looks at ROS; also the period of joint states and clock. */
const SLICE_S = 0.01;
/** Simulated time starts here: a stamp of zero means "not set" in ROS. */
const FIRST_TIME_S = 1;
const CAMERA_FRAME = "camera_optical_frame";
const BASE_FRAME = "fr3_link0";

/**
 * The simulator on the ROS graph: what a driver of the arm, its controllers and a camera would offer.
 *
 * Physics runs in slices of 10 ms of simulated time on the thread that also serves ROS; a slice takes well under a
 * millisecond, so commands and services are served between any two.
 */
export class SimulatorNode {
  readonly #ros: RosNode;
  readonly #world: SimWorld;
  readonly #camera: RayCastCamera;
  readonly #parameters: SimulatorParameters;
  readonly #pacer: Pacer;
  readonly #sliceSteps: number;
  readonly #complaints: Complaints;
  readonly #publish: {
    readonly image: RclPublisher<ImageMessage>;
    readonly info: RclPublisher<CameraInfoMessage>;
    readonly depth: RclPublisher<ImageMessage> | undefined;
    readonly segmentation: RclPublisher<ImageMessage> | undefined;
    readonly transforms: RclPublisher<TransformsMessage> | undefined;
    readonly joints: RclPublisher<JointStateMessage>;
    readonly clock: RclPublisher<ClockMessage> | undefined;
    readonly goal: RclPublisher<ImageMessage>;
    readonly distance: RclPublisher<Float64Message>;
    readonly tolerance: RclPublisher<Float64Message>;
    readonly success: RclPublisher<BoolMessage>;
  };
  #task: Task | undefined;
  /** Added to the world's time, which starts anew at each reset while ROS time must not. */
  #timeOffsetS = FIRST_TIME_S;
  #nextFrameS = 0;
  #nextJudgementS = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #running = false;

  constructor(ros: RosNode, world: SimWorld) {
    this.#ros = ros;
    this.#world = world;
    const p = ros.parameters.declare(SIMULATOR_PARAMETERS);
    this.#parameters = p;
    world.dress(turnCamera(world.environment, (p.camera_turn_deg * Math.PI) / 180));
    this.#camera = new RayCastCamera(world, { width: p.image_width, height: p.image_height });
    this.#sliceSteps = Math.max(1, Math.round(SLICE_S / world.timestepS));
    this.#pacer = new Pacer(this.#sliceSteps * world.timestepS, steadyS);
    this.#pacer.factor = p.realtime_factor;
    this.#complaints = new Complaints((text) => { ros.log.warn(text); });
    this.#publish = {
      image: ros.publisherOf(SIMULATOR_INTERFACES.image),
      info: ros.publisherOf(SIMULATOR_INTERFACES.cameraInfo),
      depth: p.publish_depth ? ros.publisherOf(SIMULATOR_INTERFACES.depth) : undefined,
      segmentation: p.publish_segmentation ? ros.publisherOf(SIMULATOR_INTERFACES.segmentation) : undefined,
      transforms: hasInterfaces("tf2_msgs") ? ros.publisherOf(SIMULATOR_INTERFACES.staticTransforms) : undefined,
      joints: ros.publisherOf(SIMULATOR_INTERFACES.jointStates),
      clock: p.publish_clock ? ros.publisherOf(SIMULATOR_INTERFACES.clock) : undefined,
      goal: ros.publisherOf(SIMULATOR_INTERFACES.taskGoalImage),
      distance: ros.publisherOf(SIMULATOR_INTERFACES.taskDistance),
      tolerance: ros.publisherOf(SIMULATOR_INTERFACES.taskTolerance),
      success: ros.publisherOf(SIMULATOR_INTERFACES.taskSuccess),
    };
    ros.subscribeTo<JointTrajectoryMessage>(SIMULATOR_INTERFACES.trajectory,
      (message) => { this.#onTrajectory(message); });
    ros.subscribeTo<Float64MultiArrayMessage>(SIMULATOR_INTERFACES.positions,
      (message) => { this.#obey(() => { world.command.setPositions(Array.from(message.data)); }); });
    ros.subscribeTo<Float64MultiArrayMessage>(SIMULATOR_INTERFACES.velocities,
      (message) => { this.#obey(() => { world.command.setVelocities(Array.from(message.data), world.timeS); }); });
    ros.serve<TriggerRequest, DoneResponse>(SIMULATOR_INTERFACES.reset,
      () => ({ success: true, message: this.reset() }), (message) => ({ success: false, message }));
    ros.parameters.lock("the simulator reads it once at its start");
    ros.parameters.onChange((names) => {
      if (names.includes("realtime_factor")) {
        this.#pacer.factor = ros.parameters.values(SIMULATOR_PARAMETERS).realtime_factor;
      }
    });
  }

  /** Puts the world to the start of the present seed and task and publishes the task's goal. @returns what was done, one line. */
  reset(): string {
    const { task, seed } = this.#ros.parameters.values(SIMULATOR_PARAMETERS);
    const before = this.#timeS();
    this.#task = undefined;
    try {
      if (task === "none") {
        this.#world.reset(seed);
      } else {
        const made = createTask(task as TaskName, this.#world, seed);
        const goal = made.goalImage(this.#camera);
        made.start();
        this.#timeOffsetS += before - this.#timeS();
        this.#publish.goal.publish(rgbMessage(goal, this.#header(`${task}-${seed}`)));
        this.#publish.tolerance.publish({ data: made.toleranceM });
        this.#task = made;
      }
    } catch (error) {
      this.#world.reset(seed);
      throw error;
    } finally {
      // With or without a task time goes on.
      this.#timeOffsetS += before - this.#timeS();
      this.#nextFrameS = this.#nextJudgementS = before;
    }
    return this.#task === undefined
      ? `start of seed ${seed}, no task`
      : `task ${task}, seed ${seed}: ${this.#task.distanceM().toFixed(4)} m from the goal, reached within ${this.#task.toleranceM} m`;
  }

  /** Starts the first reset and time. */
  start(): void {
    this.#ros.log.info(this.reset());
    this.#sayWhereTheCameraIs();
    this.#running = true;
    this.#turn();
  }

  stop(): void {
    this.#running = false;
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer as NodeJS.Timeout);
      clearImmediate(this.#timer as NodeJS.Immediate);
    }
  }

  #turn(): void {
    if (!this.#running) {
      return;
    }
    const { slices, waitMs } = this.#pacer.next();
    if (slices > 0) {
      this.#ros.guarded("simulation slice", () => { this.#slice(); });
    }
    const again = (): void => { this.#turn(); };
    this.#timer = waitMs === 0 ? setImmediate(again) : setTimeout(again, waitMs);
  }

  #slice(): void {
    this.#world.step(this.#sliceSteps);
    const nowS = this.#timeS();
    const header = this.#header("");
    this.#publish.clock?.publish({ clock: header.stamp });
    const { positions, velocities } = this.#world.jointState();
    this.#publish.joints.publish({
      header, name: [...this.#world.jointNames], position: Array.from(positions), velocity: Array.from(velocities), effort: [],
    });
    if (nowS >= this.#nextFrameS) {
      this.#nextFrameS = Math.max(this.#nextFrameS + 1 / this.#parameters.camera_rate_hz, nowS - SLICE_S);
      this.#frame();
    }
    if (this.#task !== undefined && nowS >= this.#nextJudgementS) {
      this.#nextJudgementS = Math.max(this.#nextJudgementS + PERIOD_S, nowS - SLICE_S);
      this.#publish.success.publish({ data: this.#task.success() });
    }
  }

  #frame(): void {
    const header = this.#header(CAMERA_FRAME);
    const { width, height } = this.#camera;
    this.#publish.image.publish(rgbMessage(this.#camera.rgb(), header));
    this.#publish.info.publish(cameraInfoMessage(this.#camera.intrinsics(), width, height, header));
    this.#publish.depth?.publish(depthMessage(this.#camera.depth(), width, height, header));
    this.#publish.segmentation?.publish(segmentationMessage(this.#camera.segmentation(), width, height, header));
    if (this.#task !== undefined) {
      this.#publish.distance.publish({ data: this.#task.distanceM() });
    }
  }

  #sayWhereTheCameraIs(): void {
    const pose = this.#camera.opticalPose();
    const { positionM: [x, y, z], quaternion: [qx, qy, qz, qw] } = pose;
    // For a controller that has no /tf_static to find it in.
    this.#ros.log.info(`camera.pose: "${formatOpticalPose(pose)}"`);
    this.#publish.transforms?.publish({
      transforms: [{
        header: this.#header(BASE_FRAME), child_frame_id: CAMERA_FRAME,
        transform: { translation: { x, y, z }, rotation: { x: qx, y: qy, z: qz, w: qw } },
      }],
    });
  }

  #onTrajectory(message: JointTrajectoryMessage): void {
    const trajectory = {
      jointNames: message.joint_names,
      points: message.points.map((point) => ({
        positions: Array.from(point.positions),
        velocities: Array.from(point.velocities),
        accelerations: Array.from(point.accelerations),
        timeFromStartS: toSeconds(point.time_from_start),
      })),
    };
    const stampS = toSeconds(message.header.stamp);
    const nowS = this.#world.timeS;
    // A zero stamp means "now"; another one is ROS time.
    const startS = stampS === 0 ? nowS : nowS + (stampS - toSeconds(this.#header("").stamp));
    this.#obey(() => { this.#world.command.setTrajectory(trajectory, nowS, startS); });
  }

  /** Runs a command; a refused one is a log line, and the arm goes on to the end of what it was told before and holds. */
  #obey(command: () => void): void {
    try {
      command();
    } catch (error) {
      if (!(error instanceof RefusedCommand)) {
        throw error;
      }
      this.#complaints.say(`refused ${oneLine(error)}`);
    }
  }

  /** Simulated seconds on the ROS time line. */
  #timeS(): number {
    return this.#world.timeS + this.#timeOffsetS;
  }

  #header(frameId: string): Header {
    return { stamp: this.#parameters.publish_clock ? toRosTime(this.#timeS()) : this.#ros.stamp(), frame_id: frameId };
  }
}

function steadyS(): number {
  return performance.now() / 1000;
}
