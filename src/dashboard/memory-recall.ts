import { Worker } from "node:worker_threads";

import type { Recall } from "./dashboard.js";
import type { PredictedMessage } from "./messages.js";
import type { RecallReply, RecallRequest } from "./recall-messages.js";

/** More questions than this at once are refused: browsers ask for pictures. */
const MOST_WAITING = 32;

type Unsent<R> = R extends RecallRequest ? Omit<R, "id" | "controllersDir"> : never;

/** The memory, read in a thread of its own: a large one takes seconds, and a stop must not wait for it. */
export class MemoryRecall implements Recall {
  readonly #dir: string;
  readonly #follows: boolean;
  readonly #waiting = new Map<number, (reply: RecallReply) => void>();
  #worker: Worker | undefined;
  #nextId = 0;
  #controllersDir = "";

  /** @param dir the memory's folder; need not be there. @param follows whether the controller's own comes before it, where it names one that is on this machine. */
  constructor(dir: string, { follows = true }: { readonly follows?: boolean } = {}) {
    this.#dir = dir;
    this.#follows = follows;
  }

  follow(controllersDir: string): void {
    if (this.#follows) this.#controllersDir = controllersDir;
  }

  async nearest(latent: Float32Array, encoderSha256: string): Promise<Omit<PredictedMessage, "type">> {
    const reply = await this.#ask({ kind: "nearest", latent, encoderSha256 });
    if (reply.kind !== "nearest") throw new Error("the memory answered something else");
    return reply.predicted;
  }

  async frame(episode: string, step: number): Promise<Buffer> {
    const reply = await this.#ask({ kind: "frame", episode, step });
    if (reply.kind !== "frame") throw new Error("the memory answered something else");
    return Buffer.from(reply.jpeg);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask(request: Unsent<RecallRequest>): Promise<RecallReply> {
    if (this.#waiting.size >= MOST_WAITING) throw new Error("the memory is busy");
    const worker = this.#worker ??= this.#start();
    const id = this.#nextId++;
    const reply = await new Promise<RecallReply>((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ ...request, id, controllersDir: this.#controllersDir } satisfies RecallRequest);
    });
    if (reply.kind === "failed") throw new Error(reply.reason);
    return reply;
  }

  /** When it is first needed. One that ends is started again with the next question. */
  #start(): Worker {
    const worker = new Worker(new URL("recall-worker.js", import.meta.url), { workerData: this.#dir });
    worker.on("message", (reply: RecallReply) => {
      const resolve = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      resolve?.(reply);
    });
    const ended = (reason: string): void => {
      this.#worker = undefined;
      for (const [id, resolve] of this.#waiting) resolve({ id, kind: "failed", reason });
      this.#waiting.clear();
    };
    worker.on("error", (error) => { ended(`the memory cannot be read: ${error.message}`); });
    worker.on("exit", () => { ended("the memory's thread ended"); });
    // Behind the listeners, which would keep the process again.
    worker.unref();
    return worker;
  }
}
