import { Worker } from "node:worker_threads";
import { cellName } from "./cell.js";
import type { EpisodeResult } from "./episode.js";
import type { Job, WorkerData, WorkerReply, WorkerRequest, WorkerSetup } from "./episode-worker.js";

export interface EvaluationOptions extends WorkerSetup {
  readonly jobs: readonly Job[];
  readonly workers: number;
  /** Called after each episode, in the order they end; the next one waits for it. */
  readonly onEpisode: (result: EpisodeResult) => void | Promise<void>;
}

/**
 * Runs episodes, several at once; what comes out of one does not depend on how many, nor on those before it.
 *
 * @throws Error with cell and seed when an episode cannot be run; those that had ended were handed over.
 */
export async function evaluate(options: EvaluationOptions): Promise<void> {
  const { jobs, workers, onEpisode, ...setup } = options;
  const abandoned = new Int32Array(new SharedArrayBuffer(4));
  const ends: (() => Promise<void>)[] = [];
  let next = 0;
  const runSome = (): Promise<void> => new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./episode-worker.js", import.meta.url), { workerData: { setup, abandoned } satisfies WorkerData });
    const exited = new Promise<void>((done) => { worker.once("exit", () => { done(); }); });
    ends.push(() => {
      worker.postMessage("end" satisfies WorkerRequest);
      return exited;
    });
    const goOn = (): void => {
      const job = jobs[next++];
      if (job === undefined) resolve();
      else worker.postMessage(job satisfies WorkerRequest);
    };
    worker.on("error", reject);
    worker.on("message", (reply: WorkerReply) => {
      if (reply.kind === "failed") reject(new Error(`eval: ${cellName(reply.job.cell)}, seed ${reply.job.seed}: ${reply.message}`));
      else if (Atomics.load(abandoned, 0) === 0) Promise.resolve(reply.result).then(onEpisode).then(goOn, reject);
    });
    goOn();
  });
  try {
    await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, runSome));
  } finally {
    // After a failure the others would go on, through all jobs, for nobody.
    Atomics.store(abandoned, 0, 1);
    await Promise.all(ends.map((end) => end()));
  }
}
