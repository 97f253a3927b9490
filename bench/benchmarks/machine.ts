import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/** Processor seconds that all processes of the machine have used, and those that were left idle, since it started. */
interface Used {
  readonly busyS: number;
  readonly idleS: number;
}

/** Share of the machine that others use above which times on the wall are theirs more than ours. */
const CROWDED = 0.25;

/** Watches what else the machine does while something is measured. */
export class MachineWatch {
  readonly #start = used();
  readonly #own = ownS();

  /** One sentence: the processor, and what ran beside this process since the watch began. */
  describe(): string {
    const end = used();
    const all = end.busyS + end.idleS - this.#start.busyS - this.#start.idleS;
    const cores = cpus().length;
    const others = Math.max(0, end.busyS - this.#start.busyS - (ownS() - this.#own)) / Math.max(all, 1e-9) * cores;
    const crowded = others > CROWDED * cores;
    return `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cores} cores, Node ${process.version.slice(1)}; other processes used ${others.toFixed(2)} of ${cores} cores meanwhile (load average ${loadavg()[0]!.toFixed(1)} at the end).`
      + (crowded ? " **The machine was crowded: times on the wall here are mostly waiting for a core; ratios and processor times hold. Measure again on a quiet one.**" : "");
  }
}

/** Processor seconds of this process and of its children that have ended. */
function ownS(): number {
  const { user, system } = process.cpuUsage();
  let children = 0;
  try {
    // The name, in brackets, may have blanks in it; behind it the fields 16 and 17 of proc(5) are cutime and cstime.
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)!.split(" ").map(Number);
    children = (fields[13]! + fields[14]!) / 100;
  } catch {
    // No Linux: children count as others.
  }
  return (user + system) / 1e6 + children;
}

/** From the first line of /proc/stat, in hundredths of a second; zeros where there is none. */
function used(): Used {
  try {
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = readFileSync("/proc/stat", "utf8").split("\n")[0]!.trim().split(/\s+/).slice(1).map(Number);
    return { busyS: (user + nice + system + rest.slice(0, 3).reduce((sum, value) => sum + value, 0)) / 100, idleS: (idle + wait) / 100 };
  } catch {
    return { busyS: 0, idleS: 0 };
  }
}
