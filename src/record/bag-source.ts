import { basename } from "node:path";

import { type Bag, type BagMessage, type BagTopic, choosePictureTopic, pictureOf } from "../bags/index.js";
import { oneLine } from "../text/one-line.js";
import { JointOrder } from "./joint-order.js";
import type { RecordedEvent, RecordingSource } from "./recording-source.js";

export interface BagSourceOptions {
  readonly joints: readonly string[];
  /** Default: the only topic with pictures. */
  readonly imageTopic?: string;
  /** Default: /joint_states. */
  readonly jointTopic?: string;
  /** Topic of commands; default: they are not read. */
  readonly commandTopic?: string;
  /** Times of the messages' own headers, or of when they were recorded. Default: the headers'. */
  readonly stamps?: "header" | "recorded";
}

interface Time {
  readonly sec: number;
  readonly nanosec?: number;
  readonly nsec?: number;
}

const JOINT_STATE = "sensor_msgs/msg/JointState";
const TRAJECTORY = "trajectory_msgs/msg/JointTrajectory";
const ARRAY = "std_msgs/msg/Float64MultiArray";
const COMMANDS = [TRAJECTORY, JOINT_STATE, ARRAY];

/** A recording in an MCAP file, a rosbag2 file or a rosbag2 folder. The bag is the caller's to close. */
export class BagSource implements RecordingSource {
  readonly joints: readonly string[];
  readonly name: string;
  readonly #bag: Bag;
  readonly #pictures: BagTopic;
  readonly #states: BagTopic;
  readonly #commands: BagTopic | undefined;
  readonly #headers: boolean;

  /** @throws Error with one line when a topic is not there, or has another type. */
  constructor(bag: Bag, { joints, imageTopic, jointTopic = "/joint_states", commandTopic, stamps = "header" }: BagSourceOptions) {
    this.joints = joints;
    this.name = basename(bag.path);
    this.#bag = bag;
    this.#pictures = choosePictureTopic(bag, imageTopic);
    this.#states = typed(bag, jointTopic, [JOINT_STATE]);
    this.#commands = commandTopic === undefined ? undefined : typed(bag, commandTopic, COMMANDS);
    this.#headers = stamps === "header";
  }

  async *events(): AsyncGenerator<RecordedEvent, void, void> {
    const states = new JointOrder(this.joints);
    const commands = new JointOrder(this.joints);
    const names = [this.#pictures, this.#states, ...(this.#commands === undefined ? [] : [this.#commands])].map(({ name }) => name);
    for await (const message of this.#bag.messages(names)) {
      const event = message.topic === this.#pictures ? { kind: "picture", timeS: this.#timeS(message), image: await pictureOf(message) } as const
        : message.topic === this.#states ? this.#state(message, states) : this.#command(message, commands);
      if (event !== undefined) yield event;
    }
  }

  #state(message: BagMessage, order: JointOrder): RecordedEvent | undefined {
    const { name, position } = message.message as { name: string[]; position: ArrayLike<number> };
    const positions = picked(message, () => order.pick(name, position));
    return positions === undefined ? undefined : { kind: "joints", timeS: this.#timeS(message), positions };
  }

  #command(message: BagMessage, order: JointOrder): RecordedEvent | undefined {
    const timeS = this.#timeS(message);
    switch (message.topic.type) {
      case TRAJECTORY: {
        // The first point is where a period ends; those behind it are a stop that a next command replaces.
        const { joint_names: names, points } = message.message as { joint_names: string[]; points: { positions: ArrayLike<number>; time_from_start: Time }[] };
        const [first] = points;
        const setpoint = first === undefined ? undefined : picked(message, () => order.pick(names, first.positions));
        return setpoint === undefined ? undefined : { kind: "command", timeS: timeS + seconds(first!.time_from_start), setpoint };
      }
      case JOINT_STATE: {
        const { name, position } = message.message as { name: string[]; position: ArrayLike<number> };
        const setpoint = picked(message, () => order.pick(name, position));
        return setpoint === undefined ? undefined : { kind: "command", timeS, setpoint };
      }
      default: {
        const { data } = message.message as { data: ArrayLike<number> };
        const setpoint = picked(message, () => order.pick(this.joints, data));
        return setpoint === undefined ? undefined : { kind: "command", timeS, setpoint };
      }
    }
  }

  #timeS({ message, timeNs }: BagMessage): number {
    const stamp = (message as { header?: { stamp?: Time } }).header?.stamp;
    const stampS = this.#headers && stamp !== undefined ? seconds(stamp) : 0;
    return stampS > 0 ? stampS : Number(timeNs) / 1e9;
  }
}

function typed(bag: Bag, name: string, types: readonly string[]): BagTopic {
  const topic = bag.topic(name);
  if (!types.includes(topic.type)) throw new Error(`${bag.path}: topic ${name} has ${topic.type}; ${types.join(", ")} ${types.length === 1 ? "is" : "are"} read`);
  return topic;
}

function picked<T>({ topic, timeS }: BagMessage, pick: () => T): T {
  try {
    return pick();
  } catch (error) {
    throw new Error(`${topic.name} at ${timeS.toFixed(3)} s: ${oneLine(error)}`, { cause: error });
  }
}

function seconds({ sec, nanosec, nsec }: Time): number {
  return sec + (nanosec ?? nsec ?? 0) * 1e-9;
}
