import { spawn } from "node:child_process";
import { basename } from "node:path";

import { JointOrder } from "./joint-order.js";
import type { RecordedEvent, RecordingSource } from "./recording-source.js";

export interface LerobotSourceOptions {
  readonly folder: string;
  readonly joints: readonly string[];
  /** Python with the packages of training/requirements.txt. */
  readonly python: string;
  /** `training/stream_lerobot.py`. */
  readonly script: string;
  /** Feature with the pictures; default: the only one. */
  readonly imageFeature?: string;
  /** Default: observation.state. */
  readonly stateFeature?: string;
  /** Feature with the commanded positions; default: they are not read. */
  readonly actionFeature?: string;
  /** Side that the pictures are scaled to, pixels. */
  readonly imageSize: number;
  /** To rad (m): of each joint, what a recorded number is multiplied by. */
  readonly scale: readonly number[];
}

interface FrameLine {
  readonly episode: number;
  readonly time_s: number;
  readonly state: readonly number[];
  readonly action?: readonly number[];
}

/** A LeRobot data set of version 3. Parquet and video are Python's; it hands frame after frame over as a line of JSON and the picture's bytes. */
export class LerobotSource implements RecordingSource {
  readonly joints: readonly string[];
  readonly name: string;
  readonly #options: LerobotSourceOptions;

  constructor(options: LerobotSourceOptions) {
    this.joints = options.joints;
    this.name = basename(options.folder);
    this.#options = options;
  }

  async *events(): AsyncGenerator<RecordedEvent, void, void> {
    const { folder, python, script, imageFeature, stateFeature, actionFeature, imageSize, scale } = this.#options;
    const child = spawn(python, [
      script, "--data", folder, "--image-size", String(imageSize),
      ...(imageFeature === undefined ? [] : ["--image", imageFeature]), ...(stateFeature === undefined ? [] : ["--state", stateFeature]),
      ...(actionFeature === undefined ? [] : ["--action", actionFeature]),
    ], { stdio: ["ignore", "pipe", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => { complaint = (complaint + text).slice(-2000); });
    const ended = new Promise<number | Error | null>((resolve) => {
      child.on("error", resolve);
      child.on("close", resolve);
    });
    try {
      const reader = new Reader(child.stdout);
      const head = await reader.line();
      if (head !== undefined) {
        const { state, action } = JSON.parse(head) as { state: string[]; action?: string[] };
        const orders = { state: new JointOrder(this.joints), action: new JointOrder(this.joints) };
        const scaled = (order: JointOrder, names: readonly string[], values: readonly number[]): Float64Array => {
          const picked = order.pick(names, values);
          if (picked === undefined) throw new Error(`${folder}: its joints are ${names.join(", ")}; ${this.joints.join(", ")} were asked for`);
          return picked.map((value, j) => value * scale[j]!);
        };
        let episode: number | undefined;
        for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
          const frame = JSON.parse(line) as FrameLine;
          if (episode !== undefined && frame.episode !== episode) yield { kind: "cut" };
          episode = frame.episode;
          const timeS = frame.time_s;
          yield { kind: "joints", timeS, positions: scaled(orders.state, state, frame.state) };
          if (action !== undefined && frame.action !== undefined) yield { kind: "command", timeS, setpoint: scaled(orders.action, action, frame.action) };
          yield { kind: "picture", timeS, image: { width: imageSize, height: imageSize, data: await reader.bytes(3 * imageSize * imageSize) } };
        }
      }
      const code = await ended;
      if (code instanceof Error) throw new Error(`${python} cannot be started (${code.message}); make it with npm run setup:training, or name another with $JEPA_MPC_PYTHON`);
      if (code !== 0) throw new Error(complaint.trim().split("\n").at(-1) ?? `${script} ended with code ${String(code)}`);
    } finally {
      child.kill();
    }
  }
}

/** Lines and blocks of bytes out of a stream. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** @returns without its end; undefined when there is no more. */
  async line(): Promise<string | undefined> {
    let end: number;
    while ((end = this.#rest.indexOf(10)) < 0) {
      if (!await this.#more()) return undefined;
    }
    const text = this.#rest.toString("utf8", 0, end);
    this.#rest = this.#rest.subarray(end + 1);
    return text;
  }

  async bytes(count: number): Promise<Uint8Array> {
    while (this.#rest.length < count) {
      if (!await this.#more()) throw new Error("the data set's reader ended in the middle of a picture");
    }
    const bytes = Uint8Array.from(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}
