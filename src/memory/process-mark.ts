import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import { z } from "zod";

/** Which process something belongs to, so that others can tell whether it still runs. */
export const PROCESS_MARK = z.object({
  pid: z.int().positive(),
  /** When it began, in the system's ticks since boot: a process id is used again. Empty where that is not known. */
  begun: z.string(),
  /** Hash of host, boot and process namespace: beyond these a process id says nothing. */
  where: z.string(),
});

export type ProcessMark = z.infer<typeof PROCESS_MARK>;

export function ownMark(): ProcessMark {
  return { pid: process.pid, begun: begun(process.pid), where: where() };
}

/** Whether the process runs; undefined when it cannot be seen from here, such as from another container. */
export function isRunning(mark: ProcessMark): boolean | undefined {
  if (mark.where !== where()) return undefined;
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    // Not allowed to signal it: then it is there.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return begun(mark.pid) === mark.begun;
}

function begun(pid: number): string {
  try {
    // The second field is the command in brackets, which may hold anything; field 22 is the 20th behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

let known: string | undefined;

function where(): string {
  // Not in the clear: episodes are handed on.
  known ??= createHash("sha256").update([
    hostname(), read(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()), read(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ")).digest("hex").slice(0, 16);
  return known;
}

function read(source: () => string): string {
  try {
    return source();
  } catch {
    return "";
  }
}
