import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { oneLine } from "../text/one-line.js";

/** Where the threads of a planner run, and how much of the processor they get. */
export interface ThreadPlacement {
  /** Cores as taskset(1) lists them, such as `1` or `2-3,6`. Default: where the system puts them. */
  readonly cores?: string;
  /** Nice value, -20 (most of the processor) to 19. Default: that of the process. */
  readonly niceness?: number;
}

/** Form of `cores`: what taskset would take for something else is refused before. */
export const CORES_PATTERN = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/**
 * Moves the calling thread, and with it all threads that it starts from now on. Linux only: Node has no call for it, but a thread has a number
 * of its own there, which taskset and setpriority take.
 *
 * @returns what could not be done and is done without: a nice value that the system refuses.
 * @throws Error with one line when the cores are not there.
 */
export function placeThisThread({ cores, niceness }: ThreadPlacement): string | undefined {
  if (cores === undefined && niceness === undefined) return undefined;
  const thread = thisThread();
  if (cores !== undefined) pin(thread, cores);
  if (niceness === undefined) return undefined;
  try {
    setPriority(thread, niceness);
    return undefined;
  } catch (error) {
    return `The planning thread keeps its priority: nice ${niceness} was refused (${error instanceof Error ? error.message : String(error)}); CAP_SYS_NICE or a limit of nice is needed.`;
  }
}

function pin(thread: number, cores: string): void {
  if (!CORES_PATTERN.test(cores)) throw new Error(`cores is ${JSON.stringify(cores)}: give numbers and ranges between commas, such as 1 or 2-3,6`);
  try {
    execFileSync("taskset", ["-cp", cores, String(thread)], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    const said = oneLine((cause as { stderr?: Buffer }).stderr?.toString() ?? "");
    throw new Error(`the planner cannot run on cores ${cores} (${said === "" ? "taskset, of util-linux, is not there" : said}): give cores of this machine, or none`, { cause });
  }
}

/** Its number in the system. */
function thisThread(): number {
  try {
    return Number(basename(readlinkSync("/proc/thread-self")));
  } catch (cause) {
    throw new Error("threads can be placed on Linux only: leave their cores and nice value out", { cause });
  }
}
