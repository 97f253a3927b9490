import { Worker } from "node:worker_threads";
import type { EpisodeResult } from "./episode.js";
import type { WorkerReply, WorkerSetup } from "./episode-worker.js";
import { median, quantile, wilsonInterval } from "./statistics.js";

export interface EvaluationOptions extends WorkerSetup {
  readonly firstSeed: number;
  readonly episodes: number;
  readonly workers: number;
  /** Called after each episode, in the order they end. */
  readonly onEpisode: (seed: number, result: EpisodeResult) => void;
}

/**
 * Runs episodes of a task over seeds, several at once; the results, by seed, do not depend on how many.
 *
 * @throws Error with the seed when an episode cannot be run; the others' results are lost with it.
 */
export async function evaluate(options: EvaluationOptions): Promise<ReadonlyMap<number, EpisodeResult>> {
  const { firstSeed, episodes, workers, onEpisode, bundleDirectory, planner, task, maxSteps, explorationFloor } = options;
  const workerData: WorkerSetup = { bundleDirectory, planner, task, maxSteps, explorationFloor };
  const results = new Map<number, EpisodeResult>();
  let nextSeed = firstSeed;
  const started: Worker[] = [];
  const runOne = (): Promise<void> => new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./episode-worker.js", import.meta.url), { workerData });
    started.push(worker);
    const end = (settle: () => void): void => { void worker.terminate().then(settle); };
    const next = (): void => {
      if (nextSeed < firstSeed + episodes) worker.postMessage(nextSeed++);
      else end(resolve);
    };
    worker.on("error", reject);
    worker.on("message", (reply: WorkerReply) => {
      if (reply.kind === "failed") {
        end(() => { reject(new Error(`eval: seed ${reply.seed}: ${reply.message}`)); });
        return;
      }
      results.set(reply.seed, reply.result);
      onEpisode(reply.seed, reply.result);
      next();
    });
    next();
  });
  try {
    await Promise.all(Array.from({ length: Math.min(workers, episodes) }, runOne));
  } finally {
    // After a failure the others would go on, through all seeds, for nobody.
    await Promise.all(started.map((worker) => worker.terminate()));
  }
  return new Map([...results].sort(([a], [b]) => a - b));
}

/** What is reported of an evaluation; distances in m, times in ms. */
export interface Summary {
  readonly episodes: number;
  readonly successes: number;
  readonly success_rate: number;
  readonly wilson_95: readonly [number, number];
  readonly start_distance_m: { readonly min: number; readonly median: number; readonly max: number };
  readonly final_distance_m: { readonly median: number; readonly p90: number; readonly p95: number; readonly max: number };
  readonly best_distance_m: { readonly median: number };
  readonly steps: { readonly median: number; readonly max: number };
  readonly declared_reached: number;
  readonly plan_ms: { readonly median: number; readonly p99: number };
}

export function summarise(results: Iterable<EpisodeResult>): Summary {
  const all = [...results];
  const successes = all.filter((r) => r.success).length;
  const of = (pick: (r: EpisodeResult) => number): number[] => all.map(pick);
  const start = of((r) => r.startDistanceM);
  const final = of((r) => r.finalDistanceM);
  const planMs = all.flatMap((r) => r.planMs);
  return {
    episodes: all.length,
    successes,
    success_rate: successes / all.length,
    wilson_95: wilsonInterval(successes, all.length),
    start_distance_m: { min: Math.min(...start), median: median(start), max: Math.max(...start) },
    final_distance_m: { median: median(final), p90: quantile(final, 0.9), p95: quantile(final, 0.95), max: Math.max(...final) },
    best_distance_m: { median: median(of((r) => r.bestDistanceM)) },
    steps: { median: median(of((r) => r.steps)), max: Math.max(...of((r) => r.steps)) },
    declared_reached: all.filter((r) => r.ended.startsWith("Reached")).length,
    plan_ms: { median: median(planMs), p99: quantile(planMs, 0.99) },
  };
}
