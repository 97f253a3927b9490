import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { decodeImage, encodePng } from "../camera/files.js";
import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { GOAL_FILE, LATENT_FILE, parseAs } from "./goal-file.js";
import { checkGoalName } from "./goal-name.js";
import { LibraryFolder } from "./library-folder.js";
import { codeOf, readable } from "./readable-error.js";
import { SequenceStore } from "./sequence-store.js";

import type { RgbImage } from "../camera/types.js";
import type { GoalFile, GripperState } from "./goal-file.js";
import type { SequenceStep } from "./sequence-store.js";

/** A goal as it is kept. */
export interface Goal {
  readonly name: string;
  readonly created: Date;
  readonly source: string;
  readonly width: number;
  readonly height: number;
  /** Of the picture's file. */
  readonly sha256: string;
  /** What the gripper is to be, whatever the picture shows; undefined: as the picture shows it. */
  readonly gripper?: GripperState;
  /** The goal's folder. */
  readonly folder: string;
}

/** Which encoder a latent belongs to. */
export interface LatentKey {
  readonly bundle: string;
  readonly encoderSha256: string;
  /** Length of the latent. */
  readonly dim: number;
}

/** An entry of the library that could be read, or the one line that says why not. */
export type GoalEntry = { readonly name: string } & ({ readonly goal: Goal } | { readonly problem: string });

/** What a goal may be besides its picture. */
export interface AddGoalOptions {
  /** Take the place of a goal of this name. */
  readonly replace?: boolean;
  readonly gripper?: GripperState;
}

/**
 * Goal pictures on disk: a folder per goal with `goal.json`, `image.png` and cached latents; beside them the sequences of goals.
 *
 * A goal's folder is filled beside its place and renamed there in one step, so any number of processes may add, read
 * and remove at once: a reader sees a whole goal or none, and of two that add the same name one wins and the other is told.
 */
export class GoalLibrary {
  readonly dir: string;
  readonly sequences: SequenceStore;
  readonly #folder: LibraryFolder;

  /** @param dir its folder; made when the first goal is added. */
  constructor(dir: string) {
    this.dir = dir;
    this.#folder = new LibraryFolder(dir);
    this.sequences = new SequenceStore(this.#folder);
  }

  /**
   * Keeps a picture as a goal. With `replace` there is an instant between the old goal and the new one in which there is none.
   *
   * @throws Error with one line: name not allowed, already there (without `replace`), a sequence, or not writable.
   */
  async add(name: string, image: RgbImage, source: string, { replace = false, gripper }: AddGoalOptions = {}): Promise<Goal> {
    checkGoalName(name);
    if (replace && (await this.sequences.has(name))) {
      throw new Error(`${name} is a sequence in ${this.dir}; remove it first or choose another name`);
    }
    const png = await encodePng(image);
    const file: GoalFile = {
      // Older versions would go for the picture as it is; they refuse what they do not know.
      schema_version: gripper === undefined ? 1 : 2,
      name,
      created: new Date().toISOString(),
      source,
      image: { width: image.width, height: image.height, sha256: sha256(png) },
      ...(gripper === undefined ? {} : { gripper }),
    };
    await this.#folder.put(name, `goal ${name}`, [["image.png", png], ["goal.json", `${JSON.stringify(file, null, 2)}\n`]], replace);
    return this.#goal(file);
  }

  /** All goals by name; damaged ones with the reason. Empty when the folder does not exist. */
  async list(): Promise<GoalEntry[]> {
    const entries: GoalEntry[] = [];
    for (const name of await this.#folder.names()) {
      if (await this.sequences.has(name)) continue;
      try {
        entries.push({ name, goal: await this.get(name) });
      } catch (error) {
        // Removed by another process since the folder was read: then it is not an entry any more.
        if (await this.#folder.has(name)) {
          entries.push({ name, problem: error instanceof Error ? error.message : String(error) });
        }
      }
    }
    return entries;
  }

  /**
   * What a name stands for: a goal, or the goals of a sequence in their order with their tolerances.
   *
   * @throws Error with one line: neither, a damaged sequence, or one of which goals are missing.
   */
  async steps(name: string): Promise<readonly SequenceStep[]> {
    checkGoalName(name);
    if (!(await this.sequences.has(name))) {
      return [{ goal: (await this.get(name)).name }];
    }
    const sequence = await this.sequences.get(name);
    const missing = await this.sequences.missing(sequence);
    if (missing.length > 0) {
      throw new Error(`sequence ${name} needs ${missing.length === 1 ? "the goal" : "the goals"} ${missing.join(", ")}, which ${missing.length === 1 ? "is" : "are"} not in ${this.dir}; add what is missing or remove the sequence`);
    }
    return sequence.steps;
  }

  /** @throws Error with one line: name not allowed, no such goal (with those there are), or a damaged goal.json. */
  async get(name: string): Promise<Goal> {
    checkGoalName(name);
    const path = join(this.dir, name, "goal.json");
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") {
        throw readable(error, `cannot read goal ${name}`);
      }
      if (await this.sequences.has(name)) {
        throw new Error(`${name} is a sequence, not a goal; see it with: jepa-mpc goal sequence show ${name}`, { cause: error });
      }
      if (await this.#folder.has(name)) {
        throw new Error(`goal ${name} is damaged: ${path} is missing; remove the goal and add it again`, { cause: error });
      }
      throw new Error(`there is no goal ${name} in ${this.dir}; ${await this.#folder.whatThereIs()}`, { cause: error });
    }
    const file = parseAs(GOAL_FILE, text, path);
    if (file.name !== name) {
      throw new Error(`${path} is damaged: field name: it says ${JSON.stringify(file.name)}, the folder ${JSON.stringify(name)}`);
    }
    return this.#goal(file);
  }

  /** The goal's picture, as read() gives it. */
  async image(name: string): Promise<RgbImage> {
    return (await this.read(name)).image;
  }

  /**
   * The goal with its picture, checked against its hash.
   *
   * @throws Error with one line when the picture is missing or not the one that was kept.
   */
  async read(name: string): Promise<{ readonly goal: Goal; readonly image: RgbImage }> {
    let goal = await this.get(name);
    const path = join(goal.folder, "image.png");
    let png: Uint8Array;
    for (;;) {
      try {
        png = await readFile(path);
      } catch (error) {
        throw readable(error, `cannot read the picture of goal ${name}`);
      }
      const now = await this.get(name);
      if (now.sha256 === goal.sha256 && now.gripper === goal.gripper) {
        break;
      }
      // Replaced between the two reads: hash and picture belong to different goals, so both are read again.
      goal = now;
    }
    if (sha256(png) !== goal.sha256) {
      throw new Error(`${path} is not the picture goal ${name} was made from (its SHA-256 differs); remove the goal and add it again`);
    }
    const image = await decodeImage(png, path);
    if (image.width !== goal.width || image.height !== goal.height) {
      throw new Error(`${path} is ${image.width}x${image.height}, goal.json says ${goal.width}x${goal.height}; remove the goal and add it again`);
    }
    return { goal, image };
  }

  /**
   * Removes a goal. Damaged ones can be removed too.
   *
   * @param force also one that a sequence needs.
   * @throws Error with one line when there is no such goal, or a sequence needs it.
   */
  async remove(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    checkGoalName(name);
    if (await this.sequences.has(name)) {
      throw new Error(`${name} is a sequence, not a goal; remove it with: jepa-mpc goal sequence remove ${name}`);
    }
    const users = force ? [] : await this.sequences.users(name);
    if (users.length > 0) {
      throw new Error(`goal ${name} is needed by ${users.length === 1 ? "the sequence" : "the sequences"} ${users.join(", ")}; remove ${users.length === 1 ? "that" : "those"} first, or the goal all the same with --force`);
    }
    if (!(await this.#folder.take(name, `goal ${name}`))) {
      throw new Error(`there is no goal ${name} in ${this.dir}; ${await this.#folder.whatThereIs()}`);
    }
  }

  /**
   * A latent kept for this very picture and encoder.
   *
   * @returns [dim], or undefined when none is kept or what is kept is damaged or of another picture: encode again then.
   */
  async cachedLatent(goal: Goal, key: LatentKey): Promise<Float32Array | undefined> {
    const path = latentPath(goal, key);
    try {
      const file = parseAs(LATENT_FILE, await readFile(path, "utf8"), path);
      const bytes = Buffer.from(file.values, "base64");
      if (
        file.encoder_sha256 !== key.encoderSha256 || file.image_sha256 !== goal.sha256 || file.dim !== key.dim ||
        bytes.length !== key.dim * 4 || sha256(bytes) !== file.sha256
      ) {
        return undefined;
      }
      const latent = new Float32Array(key.dim);
      for (let i = 0; i < latent.length; i++) {
        latent[i] = bytes.readFloatLE(i * 4);
      }
      return latent;
    } catch {
      return undefined;
    }
  }

  /**
   * Keeps a latent for later.
   *
   * @throws Error with one line: wrong length, a value that is not finite, or not writable.
   */
  async keepLatent(goal: Goal, key: LatentKey, latent: Float32Array): Promise<void> {
    if (latent.length !== key.dim || !latent.every(Number.isFinite)) {
      throw new Error(`latent of goal ${goal.name} has ${latent.length} values, ${key.dim} finite ones are needed`);
    }
    const bytes = Buffer.alloc(latent.length * 4);
    latent.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
    const file = {
      schema_version: 1, bundle: key.bundle, encoder_sha256: key.encoderSha256, image_sha256: goal.sha256,
      dim: key.dim, values: bytes.toString("base64"), sha256: sha256(bytes),
    };
    await writeFileAtomically(latentPath(goal, key), `${JSON.stringify(file)}\n`);
  }

  /**
   * The latent of the goal's picture: kept, or encoded now and kept. What the gripper is to be is not in it.
   *
   * @param encode called with the goal's picture only when no latent is kept.
   * @throws Error with one line from the goal, the encoder or the disk.
   */
  async latent(
    name: string, key: LatentKey, encode: (image: RgbImage) => Promise<Float32Array>,
  ): Promise<{ readonly latent: Float32Array; readonly cached: boolean }> {
    const goal = await this.get(name);
    const kept = await this.cachedLatent(goal, key);
    if (kept !== undefined) {
      return { latent: kept, cached: true };
    }
    const { image, goal: read } = await this.read(name);
    const latent = await encode(image);
    await this.keepLatent(read, key, latent);
    return { latent, cached: false };
  }

  /** Names of the bundles for which a latent file lies there, as the file names say. */
  async latentFiles(goal: Goal): Promise<string[]> {
    const files = await readdir(goal.folder);
    return files.filter((file) => /^latent-.+\.json$/.test(file)).sort();
  }

  #goal(file: GoalFile): Goal {
    return {
      name: file.name, created: new Date(file.created), source: file.source,
      width: file.image.width, height: file.image.height, sha256: file.image.sha256,
      ...(file.gripper === undefined ? {} : { gripper: file.gripper }), folder: join(this.dir, file.name),
    };
  }
}

function latentPath(goal: Goal, key: LatentKey): string {
  // The name comes from a manifest: whatever could lead to another folder is replaced. The hash tells bundles apart.
  const bundle = key.bundle.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 64);
  return join(goal.folder, `latent-${bundle}-${key.encoderSha256.slice(0, 12)}.json`);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
