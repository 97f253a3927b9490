import { McapIndexedReader } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";
import { open } from "node:fs/promises";

import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";
import { FileReadable } from "./file-readable.js";
import { ScannedMcapFile } from "./scanned-mcap-file.js";
import { storedTopic } from "./stored-topic.js";

import type { FileHandle } from "node:fs/promises";
import type { StorageFile, StoredMessage, StoredTopic } from "./types.js";

/** An MCAP file, read by its index. */
export class McapFile implements StorageFile {
  readonly topics: readonly StoredTopic[];
  readonly range: StorageFile["range"];
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #reader: McapIndexedReader;

  private constructor(file: string, handle: FileHandle, reader: McapIndexedReader) {
    this.#file = file;
    this.#handle = handle;
    this.#reader = reader;
    const { statistics, chunkIndexes } = reader;
    this.topics = [...reader.channelsById.values()].map((channel) =>
      storedTopic(channel, reader.schemasById.get(channel.schemaId), statistics === undefined ? undefined : Number(statistics.channelMessageCounts.get(channel.id) ?? 0n)));
    const ofMessages = chunkIndexes.filter(({ messageIndexOffsets }) => messageIndexOffsets.size > 0);
    this.range = ofMessages.length === 0 ? undefined : {
      startNs: ofMessages.reduce((least, { messageStartTime }) => (messageStartTime < least ? messageStartTime : least), ofMessages[0]!.messageStartTime),
      endNs: ofMessages.reduce((most, { messageEndTime }) => (messageEndTime > most ? messageEndTime : most), 0n),
    };
  }

  /**
   * Opens a file by its index. One without (cut off by a crash, or written without chunks) is read from front to back instead.
   *
   * @throws BagError when it cannot be opened or is no MCAP at all.
   */
  static async open(file: string): Promise<StorageFile> {
    let handle: FileHandle;
    try {
      handle = await open(file, "r");
    } catch (error) {
      throw new BagError(`${file} cannot be opened: ${oneLine(error)}`, { cause: error });
    }
    const decompressHandlers = await loadDecompressHandlers();
    let reader: McapIndexedReader | undefined;
    try {
      reader = await McapIndexedReader.Initialize({ readable: new FileReadable(handle), decompressHandlers });
    } catch {
      reader = undefined;
    }
    if (reader !== undefined && (reader.chunkIndexes.length > 0 || reader.statistics?.messageCount === 0n)) {
      return new McapFile(file, handle, reader);
    }
    return ScannedMcapFile.scan(file, handle, decompressHandlers);
  }

  async *messages(topics: ReadonlySet<string>, fromNs: bigint, toNs: bigint): AsyncGenerator<StoredMessage, void, void> {
    try {
      for await (const { channelId, logTime, data } of this.#reader.readMessages({ topics: [...topics], startTime: fromNs, endTime: toNs })) {
        yield { topic: this.#reader.channelsById.get(channelId)!.topic, timeNs: logTime, data };
      }
    } catch (error) {
      throw new BagError(`${this.#file} is damaged: ${oneLine(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
