import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

import type { ChildProcess } from "node:child_process";

/** How long a child gets to leave after each signal, ms. Its own limit for leaving is 1.5 s. */
const PATIENCE_MS = 3000;

/** A ROS node in a process of its own, its log in a file. */
export class ChildNode {
  readonly name: string;
  readonly logFile: string;
  /** Settles when the process has ended: what happened, for people. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  #lastLine = "(it logged nothing)";
  #over = false;

  /** @param main compiled file of the node. @param argv its arguments. */
  constructor(name: string, main: string, argv: readonly string[], logFile: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.logFile = logFile;
    // The channel is a lifeline: when this process is killed, it closes and the child leaves by itself.
    this.#process = spawn(process.execPath, [main, ...argv], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const log = createWriteStream(logFile);
    log.on("error", () => undefined);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      createInterface({ input: stream! }).on("line", (line) => {
        log.write(`${line}\n`);
        if (line.trim() !== "") {
          this.#lastLine = line.trim();
        }
      });
    }
    this.ended = new Promise((resolve) => {
      const over = (what: string): void => {
        this.#over = true;
        log.end();
        resolve(what);
      };
      this.#process.on("error", (error) => { over(`could not be started: ${error.message}`); });
      // "close" comes after the last line was read, "exit" may come before.
      this.#process.on("close", (code, signal) => { over(signal === null ? `ended with code ${code}` : `was ended by ${signal}`); });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The newest line of its log. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /** Says something to the process through its channel; without anybody listening there it is lost. */
  send(message: object): void {
    this.#process.send(message, () => undefined);
  }

  /** Ends the process in an orderly way, and if that does not help by force. */
  async end(): Promise<void> {
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      if (this.#over) {
        return;
      }
      this.#process.kill(signal);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([this.ended, new Promise((resolve) => { timer = setTimeout(resolve, PATIENCE_MS); })]);
      clearTimeout(timer);
    }
  }
}
