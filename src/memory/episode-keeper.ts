import { oneLine } from "../text/one-line.js";
import { episodesFolder } from "./episode-files.js";
import { EpisodeWriter } from "./episode-writer.js";
import { makeRoom } from "./make-room.js";
import { MemoryIndex } from "./memory-index.js";
import { recoverEpisodes } from "./recover-episodes.js";

import type { EpisodeEvent, EpisodeHeader } from "./episode.js";
import type { RecordingReply, RecordingRequest, RecordingSetup } from "./recording-messages.js";

/** Room is made again when so much was written since. */
const ROOM_EVERY_BYTES = 16 * 1024 * 1024;

/** An episode that has been announced. */
interface Current {
  readonly header: EpisodeHeader;
  /** Made at the first step: a goal that never got a plan leaves no file. */
  writer: EpisodeWriter | undefined;
  /** What was said before that. */
  readonly events: EpisodeEvent[];
  /** Of the writer, when room was made last. */
  roomAtBytes: number;
  failed: boolean;
}

/** Keeps episodes in a memory: writes them, makes room for them, enters them in the index. What goes wrong is said, never thrown. */
export class EpisodeKeeper {
  readonly #setup: RecordingSetup;
  readonly #say: (reply: RecordingReply) => void;
  #current: Current | undefined;
  #index: MemoryIndex | undefined;
  /** Whether the last thing said of it was that it works. */
  #working = false;

  constructor(setup: RecordingSetup, say: (reply: RecordingReply) => void) {
    this.#setup = setup;
    this.#say = say;
  }

  /** Finishes what earlier processes left, and brings the index up to date. */
  async open(): Promise<void> {
    const { dir } = this.#setup;
    const recovered = await recoverEpisodes(dir);
    if (recovered.recovered.length > 0) this.#note(`memory: ${recovered.recovered.length} interrupted episodes were recovered: ${recovered.recovered.join(", ")}`);
    for (const problem of recovered.problems) this.#note(`memory: ${problem}`);
    await this.#updateIndex();
  }

  /** Calls are to be awaited one after the other. */
  async take(request: Exclude<RecordingRequest, { kind: "close" }>): Promise<void> {
    try {
      await this.#take(request);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Leaves an episode that is under way to be recovered. */
  close(): void {
    this.#current?.writer?.leave();
    this.#current = undefined;
  }

  async #take(request: Exclude<RecordingRequest, { kind: "close" }>): Promise<void> {
    if (request.kind === "begin") {
      this.close();
      this.#current = { header: request.header, writer: undefined, events: [], roomAtBytes: 0, failed: false };
      return;
    }
    const current = this.#current;
    if (current === undefined || current.failed) return;
    switch (request.kind) {
      case "event":
        if (current.writer === undefined) current.events.push(request.event);
        else current.writer.note(request.event);
        return;
      case "step": {
        const writer = current.writer ?? await this.#begin(current);
        if (writer.bytes - current.roomAtBytes > ROOM_EVERY_BYTES) this.#makeRoom(current);
        await writer.write(request.step);
        if (!this.#working) this.#say({ kind: "recording" });
        this.#working = true;
        return;
      }
      case "end":
        this.#current = undefined;
        if (current.writer === undefined) return;
        current.writer.end(request.outcome);
        makeRoom(this.#setup.dir, this.#setup.maxBytes);
        await this.#updateIndex();
    }
  }

  async #begin(current: Current): Promise<EpisodeWriter> {
    this.#makeRoom(current);
    current.writer = await EpisodeWriter.begin(episodesFolder(this.#setup.dir), current.header);
    for (const event of current.events) current.writer.note(event);
    return current.writer;
  }

  #makeRoom(current: Current): void {
    current.roomAtBytes = current.writer?.bytes ?? 0;
    const { dir, maxBytes } = this.#setup;
    const { bytes } = makeRoom(dir, maxBytes);
    if (bytes > maxBytes) {
      throw new Error(`${dir} has ${gigabytes(bytes)} of episodes that are pinned or being written, memory.max_gb is ${gigabytes(maxBytes)}: unpin some (jepa-mpc memory pin --off ID) or raise it`);
    }
  }

  async #updateIndex(): Promise<void> {
    try {
      this.#index ??= await MemoryIndex.open(this.#setup.dir);
      await this.#index.update();
    } catch (error) {
      // The files are what counts; whoever opens the index next brings it up to date.
      this.#note(`memory: ${oneLine(error)}`);
    }
  }

  #fail(error: unknown): void {
    const current = this.#current;
    this.#working = false;
    if (current !== undefined) {
      current.failed = true;
      current.writer?.leave();
      current.writer = undefined;
    }
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why = code === "ENOSPC" ? "no space is left on its disk" : code === "EACCES" || code === "EROFS" ? "it cannot be written" : oneLine(error);
    this.#say({ kind: "failed", sentence: `Not recording in ${this.#setup.dir}: ${why}.` });
  }

  #note(sentence: string): void {
    this.#say({ kind: "note", sentence });
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}
