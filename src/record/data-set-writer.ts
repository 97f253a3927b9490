import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { npyPieces } from "../../sim/npy.js";
import { readable } from "../goals/readable-error.js";
import type { RecordedFrame } from "./period-sampler.js";

/** What an action is made of: where the joints went, or where commands sent them. */
export type ActionSource = "differences" | "commands";

export interface DataSetWriterOptions {
  readonly out: string;
  readonly joints: readonly string[];
  /** SI unit of each joint: "rad" or "m". */
  readonly units: readonly string[];
  readonly periodS: number;
  /** Actions an episode; it has one picture more. */
  readonly steps: number;
  /** Side of the pictures, pixels. */
  readonly imageSize: number;
  readonly actions: ActionSource;
  /** Who moved the arm. */
  readonly player: string;
  readonly robot?: string;
  /** Largest change of each joint in one action, where it is known, rad (m). */
  readonly maxDelta?: readonly number[];
  /** Whole episodes that may wait for the disk; more are left out. Default: as many as come, for those who can wait for settled(). */
  readonly maxWaiting?: number;
  /** Told once when an episode cannot be written, in one line; from then on none is taken. */
  readonly onFailure?: (error: Error) => void;
}

/** What became of a frame: it belongs to an episode under way, or with it an episode was whole, which was taken to be written, or left out. */
export type Added = "under way" | "taken" | "left out";

const SHARD = /^shard-(\d{5,})$/;

/**
 * Writes recorded frames as the shards that training reads (docs/data.md), an episode each: beside, and renamed when it is whole. Goes on in a folder that has some
 * already. Neighbouring episodes share a frame; a shorter rest is left out.
 *
 * Frames are only handed over; the thread that does it does not wait for the disk. Episodes are written one after the other, in their order.
 */
export class DataSetWriter {
  readonly #options: DataSetWriterOptions;
  #next: number;
  #frames: RecordedFrame[] = [];
  /** Whether the first of them is the last of the episode before. */
  #shared = false;
  #episodes = 0;
  #leftOut = 0;
  /** Whole episodes that are not written yet, the one that is being written first. */
  readonly #queue: (readonly RecordedFrame[])[] = [];
  /** Settles, never rejects, when the queue is empty. */
  #working: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** @throws Error with one line when the folder holds data of another kind, or cannot be written to. */
  constructor(options: DataSetWriterOptions) {
    this.#options = options;
    const { out, joints, units, periodS, steps, imageSize, actions, player, robot, maxDelta } = options;
    const file = join(out, "dataset.json");
    const wanted: object = {
      format: "jepa-mpc shards of npy, version 1", period_s: periodS, steps,
      image: { width: imageSize, height: imageSize, channels: "rgb" },
      ...(robot === undefined ? {} : { robot }),
      state: joints, action: joints, units, action_kind: "joint_delta", actions_from: actions, player,
      ...(maxDelta === undefined ? {} : { max_delta: maxDelta }),
    };
    const there = shardsIn(out);
    if (existsSync(file)) {
      const field = differingField(JSON.parse(readFileSync(file, "utf8")), JSON.parse(JSON.stringify(wanted)));
      if (field !== undefined) throw new Error(`${file} was made with another ${field}; choose another folder, or the same options`);
    } else {
      if (readdirSync(out).length > 0) throw new Error(`${out} has other files in it; choose a folder that is empty or holds a data set`);
      try {
        writeFileSync(`${file}.part`, `${JSON.stringify(wanted, null, 2)}\n`);
        renameSync(`${file}.part`, file);
      } catch (error) {
        throw readable(error, `cannot write ${file}`);
      }
    }
    this.#episodes = there.length;
    this.#next = Math.max(-1, ...there) + 1;
  }

  /** Whole episodes in the folder. */
  get episodes(): number {
    return this.#episodes;
  }

  /** Whole episodes that are not written yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Frames of the episode under way. */
  get pending(): number {
    return this.#frames.length;
  }

  /** Frames of episodes that were cut short or came faster than they could be written, which are not kept. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** @param frame its picture is kept until it is written: it must not change. */
  add(frame: RecordedFrame): Added {
    this.#frames.push(frame);
    if (this.#frames.length <= this.#options.steps) return "under way";
    const taken = this.#failure === undefined && this.#queue.length < (this.#options.maxWaiting ?? Infinity);
    if (taken) {
      this.#queue.push(this.#frames);
      if (this.#queue.length === 1) this.#working = this.#work();
    } else {
      // The last frame may still be kept, as the first of the next episode.
      this.#leftOut += this.#frames.length - 1 - (this.#shared ? 1 : 0);
    }
    this.#frames = [frame];
    this.#shared = taken;
    return taken ? "taken" : "left out";
  }

  /** What comes next is another episode. */
  cut(): void {
    // The frame that it shares with the one before is kept there.
    this.#leftOut += this.#frames.length - (this.#shared ? 1 : 0);
    this.#frames = [];
    this.#shared = false;
  }

  /** Waits until all whole episodes are written. @throws Error (rejects) with one line when one could not be. */
  async settled(): Promise<void> {
    await this.#working;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #work(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const folder = join(this.#options.out, `shard-${String(this.#next).padStart(5, "0")}`);
      try {
        await this.#write(folder, next);
      } catch (error) {
        this.#failure = readable(error, `cannot write ${folder}`);
        // What comes behind it would only fail, too, or leave a hole.
        this.#queue.length = 0;
        this.#options.onFailure?.(this.#failure);
        return;
      }
      this.#next++;
      this.#episodes++;
      this.#queue.shift();
    }
  }

  async #write(folder: string, frames: readonly RecordedFrame[]): Promise<void> {
    const { joints, steps, imageSize, actions: source } = this.#options;
    const states = new Float32Array(frames.length * joints.length);
    const actions = new Float32Array(steps * joints.length);
    frames.forEach(({ positions }, t) => {
      states.set(positions, t * joints.length);
      const next = frames[t + 1];
      if (next === undefined) return;
      const [from, to] = source === "commands" ? [frames[t]!.setpoint, next.setpoint] : [positions, next.positions];
      actions.set(from.map((value, j) => to[j]! - value), t * joints.length);
    });
    const files = {
      "images.npy": npyPieces("u1", [1, frames.length, imageSize, imageSize, 3], frames.map(({ image }) => image.data)),
      "states.npy": npyPieces("f4", [1, frames.length, joints.length], [states]),
      "actions.npy": npyPieces("f4", [1, steps, joints.length], [actions]),
    };
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    try {
      await mkdir(part);
      // Flushed: after a power cut the renamed folder must not hold empty files.
      for (const [name, pieces] of Object.entries(files)) await writeFile(join(part, name), pieces, { flush: true });
      await rename(part, folder);
    } catch (error) {
      // A full disk gets its space back; why it failed counts more than that this fails, too.
      await rm(part, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }
}

/** Numbers of the shards in a folder, which is made where it is not there. @throws Error with one line when it cannot be. */
function shardsIn(out: string): number[] {
  try {
    mkdirSync(out, { recursive: true });
    return readdirSync(out).flatMap((name) => SHARD.exec(name)?.[1] ?? []).map(Number);
  } catch (error) {
    throw readable(error, `cannot record into ${out}`);
  }
}

/** The first field in which two descriptions differ. */
function differingField(there: unknown, wanted: unknown): string | undefined {
  const [a, b] = [there, wanted] as [Record<string, unknown>, Record<string, unknown>];
  return [...Object.keys(b), ...Object.keys(a)].find((key) => !isDeepStrictEqual(a[key], b[key]));
}
