import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

import { McapChunkBuilder, McapRecordBuilder, Opcode } from "@mcap/core";

import type { McapTypes } from "@mcap/core";

/** A topic of the file. Its schema's encoding is "ros2msg", its messages' "cdr". */
export interface ChunkFileChannel {
  readonly topic: string;
  readonly schemaName: string;
  readonly schemaText: string;
}

export interface ChunkFileMessage {
  /** Index into the file's channels. */
  readonly channel: number;
  readonly sequence: number;
  /** Since 1970, ns. */
  readonly timeNs: bigint;
  readonly data: Uint8Array;
}

/**
 * An MCAP file whose chunks end where its writer says, which the library's own writer cannot: what flush() has written is there whole
 * when the process is killed in the next instant, because it went to the system in one call. The library's record builders make the records.
 */
export class McapChunkFile {
  readonly #fd: number;
  readonly #records = new McapRecordBuilder();
  readonly #chunk = new McapChunkBuilder({ useMessageIndex: true });
  readonly #channels: readonly ChunkFileChannel[];
  /** Of schemas, by their name. */
  readonly #schemaIds = new Map<string, number>();
  readonly #writtenChannels = new Set<number>();
  readonly #chunkIndices: McapTypes.ChunkIndex[] = [];
  readonly #metadataIndices: McapTypes.MetadataIndex[] = [];
  readonly #counts = new Map<number, bigint>();
  #startNs: bigint | undefined;
  #endNs = 0n;
  /** Bytes in the file. */
  #flushed = 0;

  /**
   * Makes the file; nothing is written before flush().
   *
   * @throws Error of the file system, also when the file exists.
   */
  constructor(file: string, profile: string, library: string, channels: readonly ChunkFileChannel[]) {
    this.#channels = channels;
    this.#fd = openSync(file, "wx");
    for (const { schemaName } of channels) if (!this.#schemaIds.has(schemaName)) this.#schemaIds.set(schemaName, this.#schemaIds.size + 1);
    this.#records.writeMagic();
    this.#records.writeHeader({ profile, library });
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#flushed;
  }

  addMetadata(name: string, metadata: Map<string, string>): void {
    const offset = this.#position();
    const length = this.#records.writeMetadata({ name, metadata });
    this.#metadataIndices.push({ name, offset, length });
  }

  /** One chunk with these messages, in this order; uncompressed, because pictures are compressed already. */
  addChunk(messages: readonly ChunkFileMessage[]): void {
    const chunk = this.#chunk;
    chunk.reset();
    for (const { channel, sequence, timeNs, data } of messages) {
      if (!this.#writtenChannels.has(channel)) this.#describe(channel);
      chunk.addMessage({ channelId: channel, sequence, logTime: timeNs, publishTime: timeNs, data });
      this.#counts.set(channel, (this.#counts.get(channel) ?? 0n) + 1n);
      if (this.#startNs === undefined || timeNs < this.#startNs) this.#startNs = timeNs;
      if (timeNs > this.#endNs) this.#endNs = timeNs;
    }
    const { buffer, messageStartTime, messageEndTime } = chunk;
    const chunkStartOffset = this.#position();
    const chunkLength = this.#records.writeChunk({
      messageStartTime, messageEndTime, uncompressedSize: BigInt(buffer.length), uncompressedCrc: crc32(buffer), compression: "", records: buffer,
    });
    const indexStart = this.#position();
    const messageIndexOffsets = new Map<number, bigint>();
    for (const index of chunk.indices) {
      if (index.records.length === 0) continue;
      messageIndexOffsets.set(index.channelId, this.#position());
      this.#records.writeMessageIndex(index);
    }
    this.#chunkIndices.push({
      messageStartTime, messageEndTime, chunkStartOffset, chunkLength, messageIndexOffsets, messageIndexLength: this.#position() - indexStart,
      compression: "", compressedSize: BigInt(buffer.length), uncompressedSize: BigInt(buffer.length),
    });
  }

  /**
   * Hands what was added to the system in one write. When that fails, the file is as it was before.
   *
   * @throws Error of the file system.
   */
  flush(): void {
    const { buffer } = this.#records;
    try {
      for (let done = 0; done < buffer.length;) done += writeSync(this.#fd, buffer, done, buffer.length - done, this.#flushed + done);
    } catch (error) {
      ftruncateSync(this.#fd, this.#flushed);
      throw error;
    }
    this.#flushed += buffer.length;
    this.#records.reset();
  }

  /** Waits until the disk has what was flushed: then it survives a power cut, too. */
  sync(): void {
    fdatasyncSync(this.#fd);
  }

  /** Writes the summary with the indices, and closes. @throws Error of the file system; the file is closed then, too. */
  end(): void {
    const records = this.#records;
    // 0 says that it was not computed; each chunk has its own.
    records.writeDataEnd({ dataSectionCrc: 0 });
    const summaryStart = this.#position();
    const offsets: McapTypes.SummaryOffset[] = [];
    const group = (groupOpcode: number, write: () => void): void => {
      const groupStart = this.#position();
      write();
      const groupLength = this.#position() - groupStart;
      if (groupLength > 0n) offsets.push({ groupOpcode, groupStart, groupLength });
    };
    const schemas = new Map([...this.#writtenChannels].map((channel) => [this.#channels[channel]!.schemaName, this.#channels[channel]!]));
    group(Opcode.SCHEMA, () => { for (const channel of schemas.values()) records.writeSchema(this.#schema(channel)); });
    group(Opcode.CHANNEL, () => { for (const channel of this.#writtenChannels) records.writeChannel(this.#channel(channel)); });
    group(Opcode.STATISTICS, () => {
      records.writeStatistics({
        messageCount: [...this.#counts.values()].reduce((sum, count) => sum + count, 0n),
        schemaCount: schemas.size, channelCount: this.#writtenChannels.size, attachmentCount: 0,
        metadataCount: this.#metadataIndices.length, chunkCount: this.#chunkIndices.length,
        messageStartTime: this.#startNs ?? 0n, messageEndTime: this.#endNs, channelMessageCounts: this.#counts,
      });
    });
    group(Opcode.METADATA_INDEX, () => { for (const index of this.#metadataIndices) records.writeMetadataIndex(index); });
    group(Opcode.CHUNK_INDEX, () => { for (const index of this.#chunkIndices) records.writeChunkIndex(index); });
    const summaryOffsetStart = this.#position();
    for (const offset of offsets) records.writeSummaryOffset(offset);
    records.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc: 0 });
    records.writeMagic();
    try {
      this.flush();
      fsyncSync(this.#fd);
    } finally {
      this.close();
    }
  }

  /** Closes the file as it is: without its summary, which readers that do not seek need not. */
  close(): void {
    closeSync(this.#fd);
  }

  #position(): bigint {
    return BigInt(this.#flushed + this.#records.length);
  }

  /** Puts channel and schema into the chunk under way, before its first message. */
  #describe(channel: number): void {
    const { schemaName } = this.#channels[channel]!;
    if (![...this.#writtenChannels].some((written) => this.#channels[written]!.schemaName === schemaName)) {
      this.#chunk.addSchema(this.#schema(this.#channels[channel]!));
    }
    this.#chunk.addChannel(this.#channel(channel));
    this.#writtenChannels.add(channel);
  }

  #schema({ schemaName, schemaText }: ChunkFileChannel): McapTypes.Schema {
    return { id: this.#schemaIds.get(schemaName)!, name: schemaName, encoding: "ros2msg", data: new TextEncoder().encode(schemaText) };
  }

  #channel(id: number): McapTypes.Channel {
    const { topic, schemaName } = this.#channels[id]!;
    // rosbag2 wants to find the quality of service; none given is the default one.
    return { id, schemaId: this.#schemaIds.get(schemaName)!, topic, messageEncoding: "cdr", metadata: new Map([["offered_qos_profiles", ""]]) };
  }
}
