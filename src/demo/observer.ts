import { decodeRawImage } from "../camera/encodings.js";
import { TYPES } from "../ros/messages.js";
import { RosNode } from "../ros/ros-node.js";

import type { RgbImage } from "../camera/types.js";
import type { RclPublisher } from "../ros/rclnodejs.js";
import type { BoolMessage, DiagnosticStatusMessage, Float64Message, ImageMessage, JointTrajectoryMessage } from "../ros/messages.js";

/** The controller's ~/status, read back. */
export interface SeenStatus {
  readonly state: string;
  readonly sentence: string;
  readonly bundle: string;
  readonly final: boolean;
  readonly goal: string | undefined;
  readonly energy: number | undefined;
  readonly energyShare: number | undefined;
  readonly planMs: number | undefined;
  readonly steps: number;
}

/** What the demo sees on the graph. It only watches and sends the goal: the nodes do not know that it is there. */
export class Observer {
  status: SeenStatus | undefined;
  image: RgbImage | undefined;
  taskGoal: RgbImage | undefined;
  /** True distance to the task's goal, m, at the newest frame. */
  distanceM: number | undefined;
  toleranceM: number | undefined;
  /** Whether the task is done, as its rule says. */
  taskDone: boolean | undefined;
  /** Monotonic seconds at which commands were seen. */
  readonly commandTimesS: number[] = [];
  onStatus: (status: SeenStatus) => void = () => undefined;
  readonly #ros: RosNode;
  readonly #goal: RclPublisher<ImageMessage>;

  static async create(): Promise<Observer> {
    return new Observer(await RosNode.create("jepa_mpc_demo", { argv: [], lifecycle: false }));
  }

  private constructor(ros: RosNode) {
    this.#ros = ros;
    this.#goal = ros.publisher(TYPES.image, "/jepa_mpc/goal_image", "latched");
    ros.subscribe<ImageMessage>(TYPES.image, "/camera/image_raw", "sensor", (message) => { this.image = decodeRawImage(message); });
    ros.subscribe<ImageMessage>(TYPES.image, "/jepa_mpc_simulator/task_goal_image", "latched",
      (message) => { this.taskGoal = decodeRawImage(message); });
    ros.subscribe<Float64Message>(TYPES.float64, "/jepa_mpc_simulator/task_distance", "events", (message) => { this.distanceM = message.data; });
    ros.subscribe<Float64Message>(TYPES.float64, "/jepa_mpc_simulator/task_tolerance", "latched", (message) => { this.toleranceM = message.data; });
    ros.subscribe<BoolMessage>(TYPES.bool, "/jepa_mpc_simulator/task_success", "events", (message) => { this.taskDone = message.data; });
    ros.subscribe<JointTrajectoryMessage>(TYPES.jointTrajectory, "/joint_trajectory_controller/joint_trajectory", "events",
      () => { this.commandTimesS.push(performance.now() / 1000); });
    ros.subscribe<DiagnosticStatusMessage>(TYPES.diagnosticStatus, "/jepa_mpc/status", "events", (message) => {
      this.status = readStatus(message);
      this.onStatus(this.status);
    });
    ros.spin();
  }

  /** Sends a picture as the goal. */
  sendGoal(image: RgbImage, name: string): void {
    this.#goal.publish({
      // The frame's name is how the controller calls the goal.
      header: { stamp: this.#ros.stamp(), frame_id: name },
      height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3, data: image.data.slice(),
    });
  }

  close(): void {
    this.#ros.close();
  }
}

function readStatus(message: DiagnosticStatusMessage): SeenStatus {
  const values = new Map(message.values.map(({ key, value }) => [key, value]));
  const number = (key: string): number | undefined => {
    const text = values.get(key);
    return text === undefined ? undefined : Number(text);
  };
  return {
    state: values.get("state") ?? "",
    sentence: message.message,
    bundle: message.hardware_id,
    final: values.get("final") === "true",
    goal: values.get("goal"),
    energy: number("energy"),
    energyShare: number("energy_share"),
    planMs: number("plan_ms"),
    steps: number("steps") ?? 0,
  };
}
