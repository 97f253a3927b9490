import { type ChildProcess, spawn } from "node:child_process";
import { delimiter } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { Seen } from "./seen.js";

/** The folder with package.json; this runs in dist/bench/ros. Scripts are not compiled, so they are found from here. */
const ROOT = new URL("../../../", import.meta.url);
/** Where the scripts find what they share. */
const SHARED = fileURLToPath(new URL("bench/ros/", ROOT));

export interface ScriptOptions {
  /** The Python file, from the folder with package.json on. */
  readonly script: string;
  /** What the process is called in a sentence, such as "the proxy". */
  readonly who: string;
  /** How long anything may take on a busy machine, ms. */
  readonly patienceMs: number;
}

/** What to look at, and for how long. */
export interface WaitOptions {
  /** Index into `seen` of the first thing to look at. Default 0. */
  readonly from?: number;
  /** Default: the process's own patience. */
  readonly patienceMs?: number;
}

/**
 * An rclpy script as a process: commands go to it and what it sees comes back, as JSON lines (json_lines.py is its half).
 * What it sees is kept, in order, until forget().
 */
export abstract class ScriptProcess {
  readonly #options: ScriptOptions;
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #seen: Seen[] = [];
  #stderr = "";
  #gone = false;
  #requests = 0;

  protected constructor(env: NodeJS.ProcessEnv, options: ScriptOptions) {
    this.#options = options;
    const path = [SHARED, env["PYTHONPATH"] ?? ""].filter((entry) => entry !== "").join(delimiter);
    const script = fileURLToPath(new URL(options.script, ROOT));
    this.#process = spawn(env["PYTHON"] ?? "python3", [script], { env: { ...env, PYTHONPATH: path }, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stderr!.on("data", (data: Buffer) => { this.#stderr += data.toString(); });
    // Either way "close" follows, and whoever waits is told.
    this.#process.on("error", (error) => { this.#stderr += error.message; });
    this.#process.stdin!.on("error", () => undefined);
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

  /** Index behind the last thing seen, to look only at what comes after. */
  get mark(): number {
    return this.#seen.length;
  }

  /** Empties `seen`; what is being waited for is given up. */
  forget(): void {
    this.#seen = [];
    this.#tell();
  }

  do(command: Readonly<Record<string, unknown>>): void {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  async end(): Promise<void> {
    if (this.#gone) return;
    const ended = new Promise((resolve) => { this.#process.once("close", resolve); });
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Whether the process has ended. */
  protected get gone(): boolean {
    return this.#gone;
  }

  /** What is worth knowing of `seen` when something did not come. */
  protected abstract lastSaid(seen: readonly Seen[]): string;

  protected async ready(): Promise<void> {
    await this.first((seen) => seen.event === "ready", this.#options.who);
  }

  /** The first thing seen that fits. Rejects, naming `what`, when it does not come. */
  protected first<S extends Seen>(fits: (seen: Seen) => boolean, what: string, { from = 0, patienceMs = this.#options.patienceMs }: WaitOptions = {}): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      const list = this.#seen;
      let next = from;
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const fail = (why: string): void => {
        done();
        reject(new Error(`${what} did not come${why}`));
      };
      const look = (): void => {
        for (; next < list.length; next++) {
          const seen = list[next]!;
          if (fits(seen)) {
            done();
            resolve(seen as S);
            return;
          }
        }
        if (this.#gone) fail(`: ${this.#options.who} has ended; stderr: ${this.#stderr.slice(-1200)}`);
        else if (list !== this.#seen) fail(": what was seen is forgotten");
      };
      const timer = setTimeout(() => {
        const stderr = this.#stderr === "" ? "" : `; stderr: ${this.#stderr.slice(-600)}`;
        fail(` within ${patienceMs / 1000} s; ${this.lastSaid(list)}${stderr}`);
      }, patienceMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** Calls a service of the graph and waits for what the script says of the answer. */
  protected ask(kind: string, service: string, fields: Readonly<Record<string, unknown>>): Promise<Seen> {
    const request = this.#requests++;
    const from = this.mark;
    this.do({ do: "call", kind, service, request, ...fields });
    return this.first((seen) => seen.event === "answer" && seen["request"] === request, `the answer of ${service}`, { from });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
