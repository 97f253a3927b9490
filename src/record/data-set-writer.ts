import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { writeNpy } from "../../sim/npy.js";
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
}

const SHARD = /^shard-(\d{5,})$/;

/**
 * Writes recorded frames as the shards that training reads (docs/data.md), an episode each: beside, and renamed when it is whole. Goes on in a folder that has some
 * already. Neighbouring episodes share a frame; a shorter rest is left out.
 */
export class DataSetWriter {
  readonly #options: DataSetWriterOptions;
  #next: number;
  #frames: RecordedFrame[] = [];
  /** Whether the first of them is the last of the episode before. */
  #shared = false;
  #episodes = 0;
  #leftOut = 0;

  /** @throws Error with one line when the folder holds data of another kind, or cannot be written to. */
  constructor(options: DataSetWriterOptions) {
    this.#options = options;
    const { out, joints, units, periodS, steps, imageSize, actions, player, robot, maxDelta } = options;
    mkdirSync(out, { recursive: true });
    const file = join(out, "dataset.json");
    const wanted: object = {
      format: "jepa-mpc shards of npy, version 1", period_s: periodS, steps,
      image: { width: imageSize, height: imageSize, channels: "rgb" },
      ...(robot === undefined ? {} : { robot }),
      state: joints, action: joints, units, action_kind: "joint_delta", actions_from: actions, player,
      ...(maxDelta === undefined ? {} : { max_delta: maxDelta }),
    };
    if (existsSync(file)) {
      const field = differingField(JSON.parse(readFileSync(file, "utf8")), JSON.parse(JSON.stringify(wanted)));
      if (field !== undefined) throw new Error(`${file} was made with another ${field}; choose another folder, or the same options`);
    } else {
      if (readdirSync(out).length > 0) throw new Error(`${out} has other files in it; choose a folder that is empty or holds a data set`);
      writeFileSync(`${file}.part`, `${JSON.stringify(wanted, null, 2)}\n`);
      renameSync(`${file}.part`, file);
    }
    const there = readdirSync(out).flatMap((name) => SHARD.exec(name)?.[1] ?? []).map(Number);
    this.#episodes = there.length;
    this.#next = Math.max(-1, ...there) + 1;
  }

  /** Whole episodes in the folder. */
  get episodes(): number {
    return this.#episodes;
  }

  /** Frames of the episode under way. */
  get pending(): number {
    return this.#frames.length;
  }

  /** Frames of episodes that were cut short, which are not kept. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** @returns whether an episode was completed with it. */
  add(frame: RecordedFrame): boolean {
    this.#frames.push(frame);
    if (this.#frames.length <= this.#options.steps) return false;
    this.#write(this.#frames);
    this.#frames = [frame];
    this.#shared = true;
    return true;
  }

  /** What comes next is another episode. */
  cut(): void {
    // The frame that it shares with the one before is kept there.
    this.#leftOut += this.#frames.length - (this.#shared ? 1 : 0);
    this.#frames = [];
    this.#shared = false;
  }

  #write(frames: readonly RecordedFrame[]): void {
    const { out, joints, steps, imageSize, actions: source } = this.#options;
    const pixels = imageSize * imageSize * 3;
    const images = new Uint8Array(frames.length * pixels);
    const states = new Float32Array(frames.length * joints.length);
    const actions = new Float32Array(steps * joints.length);
    frames.forEach(({ image, positions }, t) => {
      images.set(image.data, t * pixels);
      states.set(positions, t * joints.length);
      const next = frames[t + 1];
      if (next === undefined) return;
      const [from, to] = source === "commands" ? [frames[t]!.setpoint, next.setpoint] : [positions, next.positions];
      actions.set(from.map((value, j) => to[j]! - value), t * joints.length);
    });
    const folder = join(out, `shard-${String(this.#next).padStart(5, "0")}`);
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true });
    writeNpy(join(part, "images.npy"), "u1", [1, frames.length, imageSize, imageSize, 3], images);
    writeNpy(join(part, "states.npy"), "f4", [1, frames.length, joints.length], states);
    writeNpy(join(part, "actions.npy"), "f4", [1, steps, joints.length], actions);
    renameSync(part, folder);
    this.#next++;
    this.#episodes++;
  }
}

/** The first field in which two descriptions differ. */
function differingField(there: unknown, wanted: unknown): string | undefined {
  const [a, b] = [there, wanted] as [Record<string, unknown>, Record<string, unknown>];
  return [...Object.keys(b), ...Object.keys(a)].find((key) => !isDeepStrictEqual(a[key], b[key]));
}
