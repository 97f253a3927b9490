import { Worker } from "node:worker_threads";
import type { RgbImage } from "../camera/types.js";
import type { TermsConfig } from "../objective/index.js";
import { DurationEstimate } from "../planner/index.js";
import type { Turn } from "../robot/frame-turn.js";
import type { InferenceOptions, OnnxRuntimeOptions } from "../world-model/index.js";
import { ModelUnavailable } from "../world-model/model-unavailable.js";
import { monotonicMs } from "./monotonic-ms.js";
import type { PlannerConfig } from "./planner-config.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult, ScoreRequest } from "./planning-service.js";
import { SharedPictures } from "./shared-pictures.js";
import type { ThreadPlacement } from "./thread-placement.js";
import type { SharedPicture, WorkerReply, WorkerRequest, WorkerSetup } from "./worker-messages.js";

/** How the worker is run. */
export interface WorkerPlanningOptions {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  /** Added to the goal energy. Default: nothing. */
  readonly terms?: TermsConfig;
  /** How the model's axes lie in the base frame, which is the terms'. Default: as they are. */
  readonly turn?: Turn;
  /** How the model is run. Default: as the model does it. */
  readonly running?: OnnxRuntimeOptions;
  /** Where the worker's threads run, and how much of the processor they get. Default: anywhere, as the process. */
  readonly placement?: ThreadPlacement;
  /** An inference server that runs the model. Default: this machine does. */
  readonly inference?: InferenceOptions;
  /** Folder of the memory whose plans searches begin with. Default: none. */
  readonly memoryDir?: string;
  /** How often a worker that died is replaced. Default 3. */
  readonly maxRestarts?: number;
  /** A plan that takes this much (ms) longer than its deadline is given up and the worker replaced. Default 5000, and the time-outs of an inference server. */
  readonly hangGraceMs?: number;
  /** Told each time a worker died, with the reason in one sentence. */
  readonly onCrash?: (sentence: string) => void;
  /** Told what the worker could not do as asked, and does without. */
  readonly onWarning?: (sentence: string) => void;
  /** The worker's module. Default: the planning worker of this folder. */
  readonly workerUrl?: URL;
}

/** Runs of the model that a plan waits for before it looks at its deadline: encode, predict, propose, roll out. */
const RUNS_A_PLAN = 4;

interface Pending {
  resolve(reply: WorkerReply): void;
  reject(error: Error): void;
}

/** The way back is never thought to take more of a deadline than this: a caller that was busy once is not to end all search. */
const MOST_OF_DEADLINE = 0.25;

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
  /** From the worker's answer to where it is read. */
  readonly #wayBack = new DurationEstimate();

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
    const reply = await this.#askWith(image, Infinity, (id, picture) => ({ kind: "encode", id, picture }));
    if (reply.kind !== "encoded") throw new Error(`The planning worker answered "${reply.kind}" to a picture.`);
    const { latent, unlikeness } = reply;
    return { latent, ...(unlikeness === undefined ? {} : { unlikeness }) };
  }

  async plan({ image, ...request }: PlanRequest): Promise<PlanResult> {
    const { deadlineMs, ...asked } = request;
    const askedMs = monotonicMs();
    // The deadline is where the answer is read: the ways to the worker and back are in it.
    const wayBackMs = this.#wayBack.known ? this.#wayBack.atMostMs(1) : 0;
    const dueMs = askedMs + deadlineMs - Math.min(wayBackMs, MOST_OF_DEADLINE * deadlineMs);
    const reply = await this.#askWith(image, deadlineMs, (id, picture) => ({ kind: "plan", id, picture, request: asked, dueMs }));
    if (reply.kind !== "planned") throw new Error(`The planning worker answered "${reply.kind}" to a plan request.`);
    const nowMs = monotonicMs();
    this.#wayBack.observe(1, nowMs - reply.sentMs);
    return { ...reply.result, answerMs: nowMs - askedMs };
  }

  async score(request: ScoreRequest): Promise<Float32Array> {
    const reply = await this.#ask(await this.#alive(), Infinity, (id) => ({ kind: "score", id, request }));
    if (reply.kind !== "scored") throw new Error(`The planning worker answered "${reply.kind}" to sequences.`);
    return reply.energies;
  }

  recall(): void {
    this.#life.worker.postMessage({ kind: "recall" } satisfies WorkerRequest);
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

  /** The present life, when it is ready. */
  async #alive(): Promise<Life> {
    if (this.#closed) throw new Error("The planning service is closed.");
    const life = this.#life;
    await life.ready;
    return life;
  }

  /** Asks with a picture, which is lent to the worker until it answers. */
  async #askWith(
    image: RgbImage,
    deadlineMs: number,
    build: (id: number, picture: SharedPicture) => WorkerRequest,
  ): Promise<WorkerReply> {
    const life = await this.#alive();
    const written = await life.pictures.write(image);
    try {
      return await this.#ask(life, deadlineMs, (id) => build(id, written.picture));
    } finally {
      written.release();
    }
  }

  async #ask(life: Life, deadlineMs: number, build: (id: number) => WorkerRequest): Promise<WorkerReply> {
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
          }, deadlineMs + (this.#options.hangGraceMs ?? 5000 + RUNS_A_PLAN * (this.#options.inference?.timeoutMs ?? 0)));
        }
        life.worker.postMessage(build(id));
      });
    } finally {
      clearTimeout(timer);
      life.pending.delete(id);
    }
  }

  #begin(): Life {
    const { bundleDirectory, planner, terms, turn, running, placement, inference, memoryDir, workerUrl = new URL("./planning-worker.js", import.meta.url) } = this.#options;
    const setup: WorkerSetup = {
      bundleDirectory, planner,
      ...(terms === undefined ? {} : { terms }), ...(turn === undefined ? {} : { turn }), ...(running === undefined ? {} : { running }),
      ...(placement === undefined ? {} : { placement }), ...(inference === undefined ? {} : { inference }),
      ...(memoryDir === undefined ? {} : { memoryDir }),
    };
    const worker = new Worker(workerUrl, { workerData: setup });
    const pending = new Map<number, Pending>();
    let lastError: Error | undefined;
    const ready = new Promise<ModelShape>((resolve, reject) => {
      worker.on("message", (reply: WorkerReply) => {
        if (reply.kind === "ready") {
          if (reply.warning !== undefined) this.#options.onWarning?.(reply.warning);
          resolve(reply.model);
          return;
        }
        const asked = pending.get(reply.id);
        if (reply.kind === "failed") asked?.reject(reply.unavailable ? new ModelUnavailable(reply.message) : new Error(reply.message));
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
