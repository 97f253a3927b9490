import { McapStreamReader } from "@mcap/core";

import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";
import { storedTopic } from "./stored-topic.js";

import type { McapTypes } from "@mcap/core";
import type { FileHandle } from "node:fs/promises";
import type { StorageFile, StoredMessage, StoredTopic } from "./types.js";

const BLOCK_BYTES = 1024 * 1024;

/** A message with its channel, in the order of the file. */
interface Found {
  readonly channel: McapTypes.Channel;
  readonly schema: McapTypes.Schema | undefined;
  readonly message: McapTypes.Message;
}

/**
 * An MCAP file without an index, read from front to back: what a recorder that was killed leaves. All that is whole is read, what
 * comes behind a cut is lost.
 */
export class ScannedMcapFile implements StorageFile {
  readonly topics: readonly StoredTopic[];
  readonly range: StorageFile["range"];
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #decompressHandlers: McapTypes.DecompressHandlers;

  private constructor(file: string, handle: FileHandle, decompressHandlers: McapTypes.DecompressHandlers, topics: readonly StoredTopic[], range: StorageFile["range"]) {
    this.#file = file;
    this.#handle = handle;
    this.#decompressHandlers = decompressHandlers;
    this.topics = topics;
    this.range = range;
  }

  /** @throws BagError when not even the beginning is that of an MCAP file; the handle is closed then. */
  static async scan(file: string, handle: FileHandle, decompressHandlers: McapTypes.DecompressHandlers): Promise<ScannedMcapFile> {
    const topics = new Map<number, { readonly found: Found; count: number }>();
    let startNs: bigint | undefined;
    let endNs = 0n;
    try {
      for await (const found of records(file, handle, decompressHandlers)) {
        const topic = topics.get(found.channel.id) ?? { found, count: 0 };
        topic.count++;
        topics.set(found.channel.id, topic);
        const { logTime } = found.message;
        startNs = startNs === undefined || logTime < startNs ? logTime : startNs;
        endNs = logTime > endNs ? logTime : endNs;
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    const list = [...topics.values()].map(({ found: { channel, schema }, count }) => storedTopic(channel, schema, count));
    return new ScannedMcapFile(file, handle, decompressHandlers, list, startNs === undefined ? undefined : { startNs, endNs });
  }

  async *messages(topics: ReadonlySet<string>, fromNs: bigint, toNs: bigint): AsyncGenerator<StoredMessage, void, void> {
    // Recorders write nearly in the order of time, so one pass with a little sorting would do; but nearly is not always.
    const times: { readonly timeNs: bigint; readonly order: number }[] = [];
    let order = 0;
    const wanted = ({ channel, message }: Found): boolean => topics.has(channel.topic) && message.logTime >= fromNs && message.logTime <= toNs;
    let sorted = true;
    for await (const found of records(this.#file, this.#handle, this.#decompressHandlers)) {
      if (!wanted(found)) continue;
      sorted &&= times.length === 0 || times[times.length - 1]!.timeNs <= found.message.logTime;
      times.push({ timeNs: found.message.logTime, order: order++ });
    }
    const held = new Map<number, StoredMessage>();
    if (!sorted) times.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : a.order - b.order));
    let next = 0;
    let at = 0;
    for await (const found of records(this.#file, this.#handle, this.#decompressHandlers)) {
      if (!wanted(found)) continue;
      held.set(at++, { topic: found.channel.topic, timeNs: found.message.logTime, data: found.message.data.slice() });
      for (let due = times[next]; due !== undefined && held.has(due.order); due = times[++next]) {
        const message = held.get(due.order)!;
        held.delete(due.order);
        yield message;
      }
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** All messages that are whole. @throws BagError when the file does not begin as an MCAP file does. */
async function* records(file: string, handle: FileHandle, decompressHandlers: McapTypes.DecompressHandlers): AsyncGenerator<Found, void, void> {
  const reader = new McapStreamReader({ decompressHandlers });
  const schemas = new Map<number, McapTypes.Schema>();
  const channels = new Map<number, McapTypes.Channel>();
  const block = new Uint8Array(BLOCK_BYTES);
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, block.length, offset);
    if (bytesRead === 0) {
      if (offset === 0) throw new BagError(`${file} is empty`);
      return;
    }
    reader.append(block.slice(0, bytesRead));
    for (; ;) {
      let record: McapTypes.TypedMcapRecord | undefined;
      try {
        record = reader.nextRecord();
      } catch (error) {
        if (offset === 0 && channels.size === 0) throw new BagError(`${file} is no MCAP file: ${oneLine(error)}`, { cause: error });
        // Damaged from here on.
        return;
      }
      if (record === undefined) break;
      if (record.type === "Schema") schemas.set(record.id, record);
      else if (record.type === "Channel") channels.set(record.id, record);
      else if (record.type === "Message") {
        const channel = channels.get(record.channelId);
        if (channel !== undefined) yield { channel, schema: schemas.get(channel.schemaId), message: record };
      }
    }
    offset += bytesRead;
  }
}
