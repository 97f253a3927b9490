import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Something the proxy saw; `t` is CLOCK_MONOTONIC (s), as monotonicS() here. */
export interface Seen {
  readonly event: string;
  readonly t: number;
  readonly [field: string]: unknown;
}

/** The controller's ~/status. */
export interface SeenStatus extends Seen {
  readonly level: number;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
}

/** A trajectory on its way to the robot. */
export interface SeenTrajectory extends Seen {
  readonly names: readonly string[];
  /** header.stamp (s), 0 when there is none. */
  readonly stamp_s: number;
  /** The robot's own time when it was seen: the newest stamp of its joint states (s). */
  readonly robot_s: number;
  readonly points: readonly SeenPoint[];
}

export interface SeenPoint {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
  readonly accelerations: readonly number[];
  readonly t: number;
}

/** The robot's joints as the robot said, whatever the controller was told. */
export interface SeenTruth extends Seen {
  /** The robot's own time (s). */
  readonly robot_s: number;
  readonly names: readonly string[];
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
}

/** A mode of the proxy for pictures, joint states or the clock, as fault_proxy.py reads it; "pass" spoils nothing. */
export interface Spoil {
  readonly mode: string;
  readonly [field: string]: unknown;
}

/** How long an answer may take on a busy machine, ms. */
const PATIENCE_MS = 60_000;

/** CLOCK_MONOTONIC, s: the same in every process of the machine. */
export function monotonicS(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

export function isStatus(seen: Seen): seen is SeenStatus {
  return seen.event === "status";
}

export function isTrajectory(seen: Seen): seen is SeenTrajectory {
  return seen.event === "trajectory";
}

export function isTruth(seen: Seen): seen is SeenTruth {
  return seen.event === "truth";
}

/** fault_proxy.py as a process: what it sees is kept, in order, until forget(). */
export class Proxy {
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #seen: Seen[] = [];
  #stderr = "";
  #gone = false;
  #requests = 0;

  static async start(env: NodeJS.ProcessEnv): Promise<Proxy> {
    const proxy = new Proxy(env);
    await proxy.waitFor((seen) => seen.event === "ready", "the proxy");
    return proxy;
  }

  private constructor(env: NodeJS.ProcessEnv) {
    // The script is not compiled: it lies in bench/faults of the sources, this in dist/bench/faults.
    const script = fileURLToPath(new URL("../../../bench/faults/fault_proxy.py", import.meta.url));
    this.#process = spawn(env["PYTHON"] ?? "python3", [script], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stderr!.on("data", (data: Buffer) => { this.#stderr += data.toString(); });
    this.#process.on("close", () => {
      this.#gone = true;
      this.#tell();
    });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      this.#seen.push(JSON.parse(line) as Seen);
      this.#tell();
    });
  }

  /** All that was seen since forget(). */
  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** Empties `seen`. */
  forget(): void {
    this.#seen = [];
  }

  do(command: Readonly<Record<string, unknown>>): void {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** The first thing seen from the time `fromS` on that fits. Rejects, naming `what`, when it does not come. */
  waitFor<S extends Seen>(fits: (seen: Seen) => boolean, what: string, fromS = 0, patienceMs = PATIENCE_MS): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      const list = this.#seen;
      let next = 0;
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const look = (): void => {
        for (; next < list.length; next++) {
          const seen = list[next]!;
          if (seen.t >= fromS && fits(seen)) {
            done();
            resolve(seen as S);
            return;
          }
        }
        if (this.#gone || list !== this.#seen) {
          done();
          reject(new Error(`${what} did not come: ${this.#gone ? `the proxy has ended; stderr: ${this.#stderr.slice(-1200)}` : "what was seen is forgotten"}`));
        }
      };
      const timer = setTimeout(() => {
        done();
        const last = list.findLast(isStatus);
        reject(new Error(`${what} did not come within ${patienceMs / 1000} s; the last status: ${last?.message ?? "none"}`));
      }, patienceMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** Whether something that fits is seen from `fromS` on within some seconds. */
  async comes(fits: (seen: Seen) => boolean, fromS: number, withinS: number): Promise<boolean> {
    return this.waitFor(fits, "", fromS, withinS * 1000).then(() => true, (error: unknown) => {
      if (this.#gone) throw error;
      return false;
    });
  }

  /** Calls a service. @throws Error when there is none, or it refuses. */
  async call(kind: string, service: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const request = this.#requests++;
    const fromS = monotonicS();
    this.do({ do: "call", kind, service, request, ...fields });
    const answer = await this.waitFor((seen) => seen.event === "answer" && seen["request"] === request, `the answer of ${service}`, fromS);
    if (answer["ok"] !== true) throw new Error(`${service}: ${String(answer["message"])}`);
    return String(answer["message"]);
  }

  async end(): Promise<void> {
    if (this.#gone) return;
    const ended = new Promise((resolve) => { this.#process.once("close", resolve); });
    this.#process.kill("SIGKILL");
    await ended;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
