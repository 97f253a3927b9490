import { Worker } from "node:worker_threads";

/** Counts a fixed number of steps and says how long that took, by the clock on the wall. */
const SPINNER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { performance } = require("node:perf_hooks");
  const count = (steps) => { let x = 1; for (let i = 0; i < steps; i++) x = (x * 16807) % 2147483647; return x; };
  // Short ones, many of them: one will have had the core to itself, and by the end the code is compiled.
  let steps = 1e5;
  let fastest = Infinity;
  let sum = 0;
  for (let i = 0; i < 3000; i++) { const begin = performance.now(); sum += count(steps); fastest = Math.min(fastest, performance.now() - begin); }
  steps = Math.round(steps * workerData.ms / fastest);
  parentPort.on("message", () => { const begin = performance.now(); const x = count(steps); parentPort.postMessage(x === 0 ? -1 : performance.now() - begin); });
  parentPort.postMessage(sum === 0 ? -1 : 0);
`;

/** A worker thread that does nothing but a fixed amount of arithmetic: how late is it, when others want the cores as well? */
export class SpinClock {
  readonly #worker: Worker;
  #settle: { resolve(ms: number): void; reject(error: Error): void } | undefined;

  /** @param ms of arithmetic, on a core that nobody else uses. */
  static async start(ms: number): Promise<SpinClock> {
    const clock = new SpinClock(new Worker(SPINNER, { eval: true, workerData: { ms } }));
    await clock.#answer();
    return clock;
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (ms: number) => this.#settle?.resolve(ms));
    worker.on("error", (error: Error) => this.#settle?.reject(error));
  }

  /** How long it took this time, ms. */
  run(): Promise<number> {
    const answer = this.#answer();
    this.#worker.postMessage("go");
    return answer;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }
}
