import { lstatSync, mkdirSync, readlinkSync, rmdirSync, rmSync, statSync, symlinkSync } from "node:fs";

import { isRunning, ownMark, PROCESS_MARK } from "./process-mark.js";

/** Nobody holds the lock for so long: a thread that was ended in the middle has left it. */
const OLD_MS = 60_000;
/** Breaking a lock takes less than this. */
const BREAKING_MS = 10_000;

/**
 * Does something while no other process and no other thread does anything under the same lock. Of a process that was killed
 * the lock is taken over at once; `work` must not take longer than some seconds.
 *
 * @param file the lock; its folder must exist. @param timeoutS how long to wait for others.
 * @throws Error with one line when others had the lock all the time, or the file system's.
 */
export async function withLock<T>(file: string, work: () => T, timeoutS = 30): Promise<T> {
  const untilMs = performance.now() + 1000 * timeoutS;
  for (let waitMs = 1; !take(file); waitMs = Math.min(50, 2 * waitMs)) {
    if (performance.now() > untilMs) throw new Error(`${file} was held by another process for ${timeoutS} s; is one hanging?`);
    // Not all at the same instants.
    await new Promise((resolve) => { setTimeout(resolve, waitMs * (0.5 + Math.random())); });
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    // A link that leads nowhere: unlike a file it is there with what it says in one step, or not at all, when this process is killed.
    symlinkSync(JSON.stringify(ownMark()), file);
    return true;
  } catch (error) {
    if (!has(error, "EEXIST")) throw error;
  }
  if (isLeft(file)) breakOpen(file);
  return false;
}

/** Whether whoever took the lock is no more. */
function isLeft(file: string): boolean {
  try {
    if (Date.now() - lstatSync(file).mtimeMs > OLD_MS) return true;
    const mark = PROCESS_MARK.safeParse(JSON.parse(readlinkSync(file)));
    return mark.success && isRunning(mark.data) === false;
  } catch {
    // Gone meanwhile.
    return false;
  }
}

/** Of several who find the same lock left, one takes it away, and never one that was taken since. */
function breakOpen(file: string): void {
  const breaking = `${file}.breaking`;
  try {
    mkdirSync(breaking);
  } catch (error) {
    if (!has(error, "EEXIST")) throw error;
    try {
      if (Date.now() - statSync(breaking).mtimeMs > BREAKING_MS) rmdirSync(breaking);
    } catch {
      // Another one was faster.
    }
    return;
  }
  try {
    if (isLeft(file)) rmSync(file, { force: true });
  } finally {
    rmdirSync(breaking);
  }
}

function has(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
