import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { Encoded, Planned, Ready, Request, Scored } from "./protocol.js";

/** How long an answer may take on a busy machine, ms. */
const PATIENCE_MS = 300_000;

export interface SolverProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The processors that it may use. */
  readonly cores: readonly number[];
}

/** A solver in a process of its own, which sleeps while it is not asked. One request at a time. */
export class SolverProcess {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  #stderr = "";
  #gone: string | undefined;
  #wake: (() => void) | undefined;
  #says = "";

  /** @throws Error with the process's last words when it does not come up. */
  static async start({ command, args, cores }: SolverProcessOptions): Promise<SolverProcess> {
    const threads = String(cores.length);
    // Threads of PyTorch's that go on spinning after an answer would take time from whoever is asked next.
    const env = { ...process.env, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads, OMP_WAIT_POLICY: "PASSIVE" };
    const child = spawn("taskset", ["--cpu-list", cores.join(","), command, ...args], { stdio: ["pipe", "pipe", "pipe"], env });
    const solver = new SolverProcess(child);
    solver.#says = (JSON.parse(await solver.#line()) as Ready).ready;
    return solver;
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    const end = (why: string): void => {
      this.#gone ??= why;
      this.#wake?.();
    };
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => end(`it ended (${code ?? signal})`));
    // Writing to a process that is gone is found out when its answer is waited for.
    child.stdin!.on("error", () => undefined);
    child.stderr!.on("data", (data: Buffer) => (this.#stderr = `${this.#stderr}${data.toString()}`.slice(-2000)));
    createInterface({ input: child.stdout! }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
  }

  /** What it runs on, in its own words. */
  get says(): string {
    return this.#says;
  }

  async ask(request: Request & { readonly do: "encode" }): Promise<Encoded>;
  async ask(request: Request & { readonly do: "score" }): Promise<Scored>;
  async ask(request: Request & { readonly do: "plan" }): Promise<Planned>;
  async ask(request: Request): Promise<Encoded | Scored | Planned> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await this.#line()) as Encoded | Scored | Planned;
  }

  close(): void {
    this.#process.stdin!.end();
  }

  async #line(): Promise<string> {
    const late = Date.now() + PATIENCE_MS;
    while (this.#lines.length === 0) {
      if (this.#gone !== undefined || Date.now() > late) {
        throw new Error(`solver ${this.#process.spawnargs.join(" ")}: ${this.#gone ?? "no answer"}: ${this.#stderr.trim().split("\n").slice(-4).join("; ")}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    return this.#lines.shift()!;
  }
}
