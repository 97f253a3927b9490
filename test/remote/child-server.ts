import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { doctored } from "./doctored.js";

/** How an inference server is started on a port. */
export interface ServerCommand {
  readonly command: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Long enough for a server of many packages on a busy machine (ms). */
const PATIENCE_MS = 90_000;

/** An inference server in a process that can be killed and suspended, always on the same port of this machine. */
export class ChildServer {
  readonly address: string;
  readonly #bundle: string;
  readonly #make: () => ServerCommand;
  readonly #log: string;
  #child: ChildProcess | undefined;

  /** @param bundle whose models it must serve. @param folder for its log. */
  static async start(bundle: string, folder: string, make: (port: number, httpPort: number) => ServerCommand): Promise<ChildServer> {
    const [port, httpPort] = [await freePort(), await freePort()];
    const server = new ChildServer(bundle, folder, port, () => make(port, httpPort));
    await server.run();
    return server;
  }

  private constructor(bundle: string, folder: string, port: number, make: () => ServerCommand) {
    this.address = `grpc://127.0.0.1:${port}`;
    this.#bundle = bundle;
    this.#make = make;
    this.#log = join(folder, `server-${port}.log`);
  }

  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Starts the process and waits until it has run each model. */
  async run(): Promise<void> {
    const { command, argv, env } = this.#make();
    // The channel is a lifeline where the server has one.
    const child = spawn(command, argv, { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const log = createWriteStream(this.#log, { flags: "a" });
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    this.#child = child;
    process.once("exit", () => { child.kill("SIGKILL"); });
    let ended: string | undefined;
    child.once("exit", (code, signal) => { ended = `the server ended (${signal ?? code})`; });
    child.once("error", (error) => { ended = error.message; });
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const problem = ended ?? await doctored(this.#bundle, { server: this.address, timeoutMs: 20_000 });
      if (problem === undefined) return;
      if (ended !== undefined || performance.now() > endMs) throw new Error(`${problem}\n${this.log}`);
      await sleep(200);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
