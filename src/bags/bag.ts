import { BagError } from "./bag-error.js";
import { messageDecoder } from "./message-decoder.js";

import type { BagMessage, BagSpan, BagTopic, StorageFile } from "./types.js";

/** A recording, whatever it is kept in. Close it. */
export class Bag {
  /** As it was given: a file, or a folder of rosbag2. */
  readonly path: string;
  /** By name. */
  readonly topics: readonly BagTopic[];
  /** Time of the first message, nanoseconds since 1970; 0 without messages. */
  readonly startNs: bigint;
  /** From the first to the last message, s. */
  readonly durationS: number;
  /** In the order of their begins. */
  readonly #files: readonly StorageFile[];

  constructor(path: string, files: readonly StorageFile[]) {
    this.path = path;
    const ranges = files.flatMap(({ range }) => range === undefined ? [] : [range]);
    this.startNs = ranges.reduce((least, { startNs }) => (least === 0n || startNs < least ? startNs : least), 0n);
    this.durationS = seconds(ranges.reduce((most, { endNs }) => (endNs > most ? endNs : most), this.startNs) - this.startNs);
    this.#files = [...files].sort((a, b) => Number((a.range?.startNs ?? 0n) - (b.range?.startNs ?? 0n)));
    const topics = new Map<string, BagTopic>();
    for (const { name, type, count } of files.flatMap((file) => file.topics)) {
      const before = topics.get(name);
      topics.set(name, { name, type, count: before === undefined ? count : before.count === undefined || count === undefined ? undefined : before.count + count });
    }
    this.topics = [...topics.values()].sort((a, b) => a.name.localeCompare(b.name, "en"));
  }

  /** @throws BagError with the topics that there are. */
  topic(name: string): BagTopic {
    const found = this.topics.find((topic) => topic.name === name);
    if (found === undefined) {
      throw new BagError(`${this.path} has no topic ${name}; there are: ${this.topics.map((topic) => topic.name).join(", ") || "none"}`);
    }
    return found;
  }

  /**
   * Messages of a topic, or of several, in the order of their times (of a bag in several files: file after file). Their bytes are the caller's.
   *
   * @throws BagError, while it is iterated too: no such topic, an encoding that is not read, no definition, damaged.
   */
  async *messages<T = unknown>(topics: string | readonly string[], { fromS = 0, toS = this.durationS }: BagSpan = {}): AsyncGenerator<BagMessage<T>, void, void> {
    const wanted = new Map((typeof topics === "string" ? [topics] : topics).map((name) => [name, this.topic(name)]));
    const names = new Set(wanted.keys());
    const fromNs = this.startNs + nanoseconds(fromS);
    const toNs = this.startNs + nanoseconds(toS);
    for (const file of this.#files) {
      if (file.range === undefined || file.range.endNs < fromNs || file.range.startNs > toNs) continue;
      const decoders = new Map<string, (data: Uint8Array) => unknown>();
      for await (const { topic, timeNs, data } of file.messages(names, fromNs, toNs)) {
        let decode = decoders.get(topic);
        if (decode === undefined) {
          decode = messageDecoder(this.path, file.topics.find(({ name }) => name === topic)!);
          decoders.set(topic, decode);
        }
        yield new Message<T>(wanted.get(topic)!, timeNs, seconds(timeNs - this.startNs), data, decode);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

/** Deserialises when somebody looks. */
class Message<T> implements BagMessage<T> {
  readonly topic: BagTopic;
  readonly timeNs: bigint;
  readonly timeS: number;
  readonly #data: Uint8Array;
  readonly #decode: (data: Uint8Array) => unknown;

  constructor(topic: BagTopic, timeNs: bigint, timeS: number, data: Uint8Array, decode: (data: Uint8Array) => unknown) {
    this.topic = topic;
    this.timeNs = timeNs;
    this.timeS = timeS;
    this.#data = data;
    this.#decode = decode;
  }

  get message(): T {
    return this.#decode(this.#data) as T;
  }
}

function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}

function nanoseconds(s: number): bigint {
  return BigInt(Math.round(s * 1e9));
}
