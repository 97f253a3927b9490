import type { McapTypes } from "@mcap/core";
import type { FileHandle } from "node:fs/promises";

/** Reads parts of a file, each into memory of its own, so that messages stay what they are while others are read. */
export class FileReadable implements McapTypes.IReadable {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async size(): Promise<bigint> {
    return BigInt((await this.#handle.stat()).size);
  }

  async read(offset: bigint, length: bigint): Promise<Uint8Array> {
    const buffer = new Uint8Array(Number(length));
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, Number(offset));
    if (bytesRead !== buffer.length) {
      throw new Error(`it ends at byte ${Number(offset) + bytesRead}, in the middle of a record`);
    }
    return buffer;
  }
}
