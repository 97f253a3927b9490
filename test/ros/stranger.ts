import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { ChildProcess } from "node:child_process";

/** Something the stranger saw; `t` is its monotonic clock, s. */
export interface Seen {
  readonly event: string;
  readonly t: number;
  readonly [field: string]: unknown;
}

export interface SeenStatus extends Seen {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface SeenTrajectory extends Seen {
  readonly names: readonly string[];
  readonly points: readonly { readonly positions: readonly number[]; readonly velocities: readonly number[]; readonly t: number }[];
}

/** How long anything may take on a busy machine, ms. */
const PATIENCE_MS = 40_000;

/** The rclpy script as a process: what it sees is kept, in order. */
export class Stranger {
  readonly seen: Seen[] = [];
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #stderr = "";
  #gone = false;
  #requests = 0;

  /** @param script file in test/ros. */
  static async start(env: NodeJS.ProcessEnv, script = "stranger.py"): Promise<Stranger> {
    const stranger = new Stranger(env, script);
    await stranger.waitFor((seen) => seen.event === "ready", "the stranger");
    return stranger;
  }

  private constructor(env: NodeJS.ProcessEnv, name: string) {
    // The script is not compiled: it lies in test/ros of the sources, the tests in dist/test/ros.
    const script = fileURLToPath(new URL(`../../../test/ros/${name}`, import.meta.url));
    this.#process = spawn(env["PYTHON"] ?? "python3", [script], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stderr!.on("data", (data: Buffer) => { this.#stderr += data.toString(); });
    this.#process.on("close", () => {
      this.#gone = true;
      this.#tell();
    });
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      this.seen.push(JSON.parse(line) as Seen);
      this.#tell();
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  do(command: Readonly<Record<string, unknown>>): void {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** Index behind the last thing seen, to look only at what comes after. */
  get mark(): number {
    return this.seen.length;
  }

  /** The first thing seen from `from` on that fits. Rejects, naming `what`, when it does not come. */
  waitFor<S extends Seen>(fits: (seen: Seen) => boolean, what: string, from = 0, patienceMs = PATIENCE_MS): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      let next = from;
      const look = (): void => {
        for (; next < this.seen.length; next++) {
          const seen = this.seen[next]!;
          if (fits(seen)) {
            done();
            resolve(seen as S);
            return;
          }
        }
        if (this.#gone) {
          done();
          reject(new Error(`${what} did not come: the stranger has ended; stderr: ${this.#stderr.slice(-1200)}`));
        }
      };
      const timer = setTimeout(() => {
        done();
        const statuses = this.seen.slice(-400).filter((seen) => seen.event === "status").slice(-3).map((seen) => JSON.stringify(seen));
        reject(new Error(`${what} did not come within ${patienceMs / 1000} s; last statuses: ${statuses.join(" ")}; stderr: ${this.#stderr.slice(-600)}`));
      }, patienceMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** The next ~/status that fits. */
  status(fits: (status: SeenStatus) => boolean, what: string, from = 0): Promise<SeenStatus> {
    return this.waitFor<SeenStatus>((seen) => seen.event === "status" && fits(seen as SeenStatus), what, from);
  }

  trajectory(what: string, from = 0, fits: (trajectory: SeenTrajectory) => boolean = () => true): Promise<SeenTrajectory> {
    return this.waitFor<SeenTrajectory>((seen) => seen.event === "trajectory" && fits(seen as SeenTrajectory), what, from);
  }

  /** Calls a service and waits for the answer. */
  call(kind: string, service: string, fields: Readonly<Record<string, unknown>> = {}): Promise<Seen> {
    const request = this.#requests++;
    const from = this.mark;
    this.do({ do: "call", kind, service, request, ...fields });
    return this.waitFor((seen) => seen.event === "answer" && seen["request"] === request, `the answer of ${service}`, from);
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => { this.#process.once("close", resolve); });
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill("SIGKILL");
      await ended;
    }
  }
}
