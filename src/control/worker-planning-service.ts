import { Worker } from "node:worker_threads";
import type { RgbImage } from "../camera/types.js";
import type { TermsConfig } from "../objective/index.js";
import type { PlannerConfig } from "./planner-config.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult } from "./planning-service.js";
import { SharedPictures } from "./shared-pictures.js";
import type { WorkerReply, WorkerRequest, WorkerSetup } from "./worker-messages.js";

/** How the worker is run. */
export interface WorkerPlanningOptions {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  /** Added to the goal energy. Default: nothing. */
  readonly terms?: TermsConfig;
  /** Threads inside one operator of the model. Default: the model's. */
  readonly threads?: number;
  /** How often a worker that died is replaced. Default 3. */
  readonly maxRestarts?: number;
  /** A plan that takes this much (ms) longer than its deadline is given up and the worker replaced. Default 5000. */
  readonly hangGraceMs?: number;
  /** Told each time a worker died, with the reason in one sentence. */
  readonly onCrash?: (sentence: string) => void;
  /** The worker's module. Default: the planning worker of this folder. */
  readonly workerUrl?: URL;
}

interface Pending {
  resolve(reply: WorkerReply): void;
  reject(error: Error): void;
}

/** One life of a worker. */
interface Life {
  readonly worker: Worker;
  readonly pictures: SharedPictures;
  readonly pending: Map<number, Pending>;
  /** Settles once: sizes of the model, or why the worker never came up. */
  readonly ready: Promise<ModelShape>;
  /** Why it was ended from here, if it was. */
  endedBecause: string | undefined;
  /** Set when the worker is no more. */
  death: Error | undefined;
}

/**
 * Planning in a worker thread with a model session of its own, so that the thread of the caller only copies pictures. When the
 * worker dies, what was asked is rejected and a new worker is started, a bounded number of times; questions wait for it.
 */
export class WorkerPlanningService implements PlanningService {
  readonly #options: WorkerPlanningOptions;
  #life: Life;
  #model: ModelShape | undefined;
  #restarts = 0;
  #nextId = 0;
  #seed: number | undefined;
  #closed = false;

  /** Starts the worker and waits until its model is loaded. Rejects when that fails; there is no second try then. */
  static async start(options: WorkerPlanningOptions): Promise<WorkerPlanningService> {
    const service = new WorkerPlanningService(options);
    service.#model = await service.#life.ready;
    return service;
  }

  private constructor(options: WorkerPlanningOptions) {
    this.#options = options;
    this.#life = this.#begin();
  }

  get model(): ModelShape {
    if (this.#model === undefined) throw new Error("The planning worker is not ready.");
    return this.#model;
  }

  async encode(image: RgbImage): Promise<Float32Array> {
    return (await this.look(image)).latent;
  }

  async look(image: RgbImage): Promise<Looked> {
    const reply = await this.#ask(image, Infinity, (id, picture) => ({ kind: "encode", id, picture }));
    if (reply.kind !== "encoded") throw new Error(`The planning worker answered "${reply.kind}" to a picture.`);
    const { latent, unlikeness } = reply;
    return { latent, ...(unlikeness === undefined ? {} : { unlikeness }) };
  }

  async plan({ image, ...request }: PlanRequest): Promise<PlanResult> {
    const reply = await this.#ask(image, request.deadlineMs, (id, picture) => ({ kind: "plan", id, picture, request }));
    if (reply.kind !== "planned") throw new Error(`The planning worker answered "${reply.kind}" to a plan request.`);
    return reply.result;
  }

  reset(seed: number): void {
    this.#seed = seed;
    this.#life.worker.postMessage({ kind: "reset", seed } satisfies WorkerRequest);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#life.endedBecause = "it was closed";
    await this.#life.worker.terminate();
  }

  async #ask(
    image: RgbImage,
    deadlineMs: number,
    build: (id: number, picture: Extract<WorkerRequest, { id: number }>["picture"]) => WorkerRequest,
  ): Promise<WorkerReply> {
    if (this.#closed) throw new Error("The planning service is closed.");
    const life = this.#life;
    await life.ready;
    const written = await life.pictures.write(image);
    const id = this.#nextId++;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<WorkerReply>((resolve, reject) => {
        // It may have died while this waited for a slot, or was not replaced any more.
        if (life.death !== undefined) {
          reject(life.death);
          return;
        }
        life.pending.set(id, { resolve, reject });
        if (Number.isFinite(deadlineMs)) {
          timer = setTimeout(() => {
            life.endedBecause = `it did not answer a plan with a deadline of ${deadlineMs} ms`;
            void life.worker.terminate();
          }, deadlineMs + (this.#options.hangGraceMs ?? 5000));
        }
        life.worker.postMessage(build(id, written.picture));
      });
    } finally {
      clearTimeout(timer);
      life.pending.delete(id);
      written.release();
    }
  }

  #begin(): Life {
    const { bundleDirectory, planner, terms, threads, workerUrl = new URL("./planning-worker.js", import.meta.url) } = this.#options;
    const setup: WorkerSetup = { bundleDirectory, planner, ...(terms === undefined ? {} : { terms }), ...(threads === undefined ? {} : { threads }) };
    const worker = new Worker(workerUrl, { workerData: setup });
    const pending = new Map<number, Pending>();
    let lastError: Error | undefined;
    const ready = new Promise<ModelShape>((resolve, reject) => {
      worker.on("message", (reply: WorkerReply) => {
        if (reply.kind === "ready") {
          resolve(reply.model);
          return;
        }
        const asked = pending.get(reply.id);
        if (reply.kind === "failed") asked?.reject(new Error(reply.message));
        else asked?.resolve(reply);
      });
      worker.on("error", (error: Error) => {
        lastError = error;
      });
      worker.on("exit", (code) => {
        const reason = life.endedBecause ?? lastError?.message ?? `it exited with code ${code}`;
        const error = new Error(`The planning worker ended: ${reason}.`, { cause: lastError });
        life.death = error;
        reject(error);
        for (const asked of pending.values()) asked.reject(error);
        if (!this.#closed) this.#replace(error.message);
      });
    });
    // Rejections reach whoever asks next; without anybody asking they are no concern of the process.
    ready.catch(() => undefined);
    const life: Life = { worker, pictures: new SharedPictures(), pending, ready, endedBecause: undefined, death: undefined };
    return life;
  }

  /** A new life after one has ended; the first one is not replaced when it never came up, nor are more than allowed. */
  #replace(sentence: string): void {
    this.#options.onCrash?.(sentence);
    if (this.#model === undefined || this.#restarts >= (this.#options.maxRestarts ?? 3)) return;
    this.#restarts++;
    this.#life = this.#begin();
    if (this.#seed !== undefined) this.reset(this.#seed);
  }
}
