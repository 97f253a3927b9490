import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { decodeImage, encodePng } from "../camera/files.js";
import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { GOAL_FILE, LATENT_FILE, parseAs } from "./goal-file.js";
import { checkGoalName, isGoalName } from "./goal-name.js";

import type { RgbImage } from "../camera/types.js";
import type { GoalFile } from "./goal-file.js";

/** A goal as it is kept. */
export interface Goal {
  readonly name: string;
  readonly created: Date;
  readonly source: string;
  readonly width: number;
  readonly height: number;
  /** Of the picture's file. */
  readonly sha256: string;
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

/** Left by processes that were killed while adding or removing; older ones are swept. */
const LEFTOVER = /^\.(new|old)-/;
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

/**
 * Goal pictures on disk: a folder per goal with `goal.json`, `image.png` and cached latents.
 *
 * A goal's folder is filled beside its place and renamed there in one step, so any number of processes may add, read
 * and remove at once: a reader sees a whole goal or none, and of two that add the same name one wins and the other is told.
 */
export class GoalLibrary {
  readonly dir: string;

  /** @param dir its folder; made when the first goal is added. */
  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Keeps a picture as a goal. With `replace` there is an instant between the old goal and the new one in which there is none.
   *
   * @throws Error with one line: name not allowed, already there (without `replace`), or not writable.
   */
  async add(name: string, image: RgbImage, source: string, options: { readonly replace?: boolean } = {}): Promise<Goal> {
    checkGoalName(name);
    const png = await encodePng(image);
    const file: GoalFile = {
      schema_version: 1,
      name,
      created: new Date().toISOString(),
      source,
      image: { width: image.width, height: image.height, sha256: sha256(png) },
    };
    await this.#makeDir();
    await this.#sweep();
    const fresh = join(this.dir, `.new-${token()}`);
    try {
      await mkdir(fresh);
      await writeFileAtomically(join(fresh, "image.png"), png);
      await writeFileAtomically(join(fresh, "goal.json"), `${JSON.stringify(file, null, 2)}\n`);
      if (options.replace === true) {
        await this.#moveAway(name);
      }
      await rename(fresh, join(this.dir, name));
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      const code = codeOf(error);
      if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") {
        throw new Error(`goal ${name} exists already in ${this.dir}; remove it first, choose another name or replace it (--replace)`, { cause: error });
      }
      throw readable(error, `cannot keep goal ${name} in ${this.dir}`);
    }
    return this.#goal(file);
  }

  /** All entries by name; damaged ones with the reason. Empty when the folder does not exist. */
  async list(): Promise<GoalEntry[]> {
    let names: string[];
    try {
      names = (await readdir(this.dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return [];
      }
      throw readable(error, `cannot read the goals in ${this.dir}`);
    }
    const entries: GoalEntry[] = [];
    for (const name of names.filter(isGoalName).sort((a, b) => a.localeCompare(b, "en"))) {
      try {
        entries.push({ name, goal: await this.get(name) });
      } catch (error) {
        // Removed by another process since the folder was read: then it is not an entry any more.
        if (await exists(join(this.dir, name))) {
          entries.push({ name, problem: error instanceof Error ? error.message : String(error) });
        }
      }
    }
    return entries;
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
      if (await exists(join(this.dir, name))) {
        throw new Error(`goal ${name} is damaged: ${path} is missing; remove the goal and add it again`, { cause: error });
      }
      throw new Error(`there is no goal ${name} in ${this.dir}; ${await this.#whatThereIs()}`, { cause: error });
    }
    const file = parseAs(GOAL_FILE, text, path);
    if (file.name !== name) {
      throw new Error(`${path} is damaged: field name: it says ${JSON.stringify(file.name)}, the folder ${JSON.stringify(name)}`);
    }
    return this.#goal(file);
  }

  /**
   * The goal's picture, checked against its hash.
   *
   * @throws Error with one line when the picture is missing or not the one that was kept.
   */
  async image(name: string): Promise<RgbImage> {
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
      if (now.sha256 === goal.sha256) {
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
    return image;
  }

  /** @throws Error with one line when there is no such goal. Damaged goals can be removed too. */
  async remove(name: string): Promise<void> {
    checkGoalName(name);
    if (!(await this.#moveAway(name))) {
      throw new Error(`there is no goal ${name} in ${this.dir}; ${await this.#whatThereIs()}`);
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
   * The goal's latent: kept, or encoded now and kept.
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
    const latent = await encode(await this.image(name));
    await this.keepLatent(goal, key, latent);
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
      width: file.image.width, height: file.image.height, sha256: file.image.sha256, folder: join(this.dir, file.name),
    };
  }

  async #makeDir(): Promise<void> {
    try {
      await mkdir(this.dir, { recursive: true });
    } catch (error) {
      throw readable(error, `cannot make the goals' folder ${this.dir}`);
    }
  }

  /** Takes a goal out in one step, then deletes it. @returns whether it was there. */
  async #moveAway(name: string): Promise<boolean> {
    const old = join(this.dir, `.old-${token()}`);
    try {
      await rename(join(this.dir, name), old);
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return false;
      }
      throw readable(error, `cannot remove goal ${name} from ${this.dir}`);
    }
    await rm(old, { recursive: true, force: true });
    return true;
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.dir)) {
      if (LEFTOVER.test(name)) {
        const path = join(this.dir, name);
        const found = await stat(path).catch(() => undefined);
        if (found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS) {
          await rm(path, { recursive: true, force: true });
        }
      }
    }
  }

  async #whatThereIs(): Promise<string> {
    const names = (await this.list()).map((entry) => entry.name);
    if (names.length === 0) {
      return "it holds no goals yet; add one with: jepa-mpc goal add NAME FILE";
    }
    return `there are: ${names.slice(0, 8).join(", ")}${names.length > 8 ? `, and ${names.length - 8} more` : ""}`;
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

function token(): string {
  return `${process.pid}-${randomBytes(6).toString("hex")}`;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** System errors get our words in front; our own lines stay. */
function readable(error: unknown, what: string): Error {
  const code = codeOf(error);
  if (code === undefined) {
    return error instanceof Error ? error : new Error(`${what}: ${String(error)}`);
  }
  const words: Record<string, string> = {
    EACCES: "permission denied", EPERM: "permission denied", ENOSPC: "no space left on the device", EROFS: "the file system is read-only",
    ENOENT: "it is not there (was it removed by another process?)", ENOTDIR: "part of the path is a file and not a folder",
    EEXIST: "a file of this name is in the way",
  };
  return new Error(`${what}: ${words[code] ?? code}`, { cause: error });
}
