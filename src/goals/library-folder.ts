import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { isGoalName } from "./goal-name.js";
import { codeOf, readable } from "./readable-error.js";

/** Left by processes that were killed while adding or removing; older ones are swept. */
const LEFTOVER = /^\.(new|old)-/;
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

/**
 * The library's folder on disk: an entry is a folder with a name, filled beside its place and renamed there in one step. Any number
 * of processes may add, read and remove at once: a reader sees a whole entry or none, and of two that add the same name one wins.
 */
export class LibraryFolder {
  readonly dir: string;

  /** @param dir made when the first entry is put there. */
  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Puts an entry into its place.
   *
   * @param what how messages call it: "goal cup-left". @param files its files, the one that says what the entry is last.
   * @param replace whether one of this name makes way; there is an instant between the two in which there is none.
   * @throws Error with one line: already there (without `replace`), or not writable.
   */
  async put(name: string, what: string, files: readonly (readonly [file: string, content: Uint8Array | string])[], replace: boolean): Promise<void> {
    await this.#make();
    await this.#sweep();
    const fresh = join(this.dir, `.new-${token()}`);
    try {
      await mkdir(fresh);
      for (const [file, content] of files) {
        await writeFileAtomically(join(fresh, file), content);
      }
      if (replace) {
        await this.take(name, what);
      }
      await rename(fresh, join(this.dir, name));
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      const code = codeOf(error);
      if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") {
        throw new Error(`${what} exists already in ${this.dir}; remove it first, choose another name or replace it (--replace)`, { cause: error });
      }
      throw readable(error, `cannot keep ${what} in ${this.dir}`);
    }
  }

  /** Takes an entry out in one step, then deletes it. @returns whether it was there. */
  async take(name: string, what: string): Promise<boolean> {
    const old = join(this.dir, `.old-${token()}`);
    try {
      await rename(join(this.dir, name), old);
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return false;
      }
      throw readable(error, `cannot remove ${what} from ${this.dir}`);
    }
    await rm(old, { recursive: true, force: true });
    return true;
  }

  /** Names of all entries, sorted; none when the folder does not exist. */
  async names(): Promise<string[]> {
    try {
      return (await readdir(this.dir, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory() && isGoalName(entry.name))
        .map((entry) => entry.name)
        .sort((a, b) => a.localeCompare(b, "en"));
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return [];
      }
      throw readable(error, `cannot read the goals in ${this.dir}`);
    }
  }

  /** Whether there is an entry, or a file of it. */
  async has(...path: readonly string[]): Promise<boolean> {
    return (await stat(join(this.dir, ...path)).catch(() => undefined)) !== undefined;
  }

  /** What to say to somebody who asked for what is not there. */
  async whatThereIs(): Promise<string> {
    const names = await this.names();
    if (names.length === 0) {
      return "it holds no goals yet; add one with: jepa-mpc goal add NAME FILE";
    }
    return `there are: ${names.slice(0, 8).join(", ")}${names.length > 8 ? `, and ${names.length - 8} more` : ""}`;
  }

  async #make(): Promise<void> {
    try {
      await mkdir(this.dir, { recursive: true });
    } catch (error) {
      throw readable(error, `cannot make the goals' folder ${this.dir}`);
    }
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
}

function token(): string {
  return `${process.pid}-${randomBytes(6).toString("hex")}`;
}
