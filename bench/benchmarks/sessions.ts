import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { OnnxRuntimeBackend, type OnnxRuntimeOptions, OnnxWorldModel, executionProviders } from "../../src/world-model/index.js";
import { markdownTable } from "../markdown-table.js";
import { rolloutModel } from "../rollout-model.js";
import { median, quantile } from "../statistics.js";
import type { Context, Part } from "./context.js";

const SETTINGS: readonly (readonly [name: string, options: OnnxRuntimeOptions])[] = [
  ["1 thread", {}],
  ["2 threads", { threads: 2 }],
  ["2 threads that spin", { threads: 2, spinning: true }],
];
const CANDIDATES = 128;

async function run({ bundle, plans, say }: Context): Promise<string> {
  const models = await Promise.all(SETTINGS.map(([, options]) => OnnxWorldModel.load(bundle, options)));
  say("free cores");
  const free = await populations(models, plans);
  say("one busy neighbour");
  const neighbour = new Worker("for (;;) {}", { eval: true });
  const busy = await populations(models, plans);
  await neighbour.terminate();
  for (const model of models) await model.close();
  const cell = (ms: readonly number[], reference: readonly number[]): string => `${median(ms).toFixed(1)} / ${quantile(ms, 0.99).toFixed(1)} (${(median(ms) / median(reference)).toFixed(2)})`;
  return [
    `One population of ${CANDIDATES} candidates, ms, median / 99 % (median over that of 1 thread beside the same); each setting in turn, ${plans} rounds. The neighbour is a thread that never rests. On a machine that others use as well, two threads also get two shares of it: the default of one is for cores that ROS needs.`,
    "",
    markdownTable(["session", "no neighbour of ours", "one busy neighbour"], SETTINGS.map(([name], i) => [name, cell(free[i]!, free[0]!), cell(busy[i]!, busy[0]!)])),
    "",
    `A call of a graph with next to nothing in it takes ${(1000 * await emptyCallMs()).toFixed(0)} µs, from JavaScript and back (4 a plan). Providers of this build: ${executionProviders().map(({ name, bundled }) => bundled ? name : `${name} (libraries apart)`).join(", ")}.`,
  ].join("\n");
}

async function populations(models: readonly OnnxWorldModel[], rounds: number): Promise<number[][]> {
  const { manifest, horizon, actionDim, latentDim, stateDim } = models[0]!;
  const { low, high } = manifest.action;
  const actions = Float32Array.from({ length: CANDIDATES * horizon * actionDim }, (_, i) => low[i % actionDim]! + ((i * 7919) % 1000) / 1000 * (high[i % actionDim]! - low[i % actionDim]!));
  const [latent, state, goal] = [new Float32Array(latentDim), new Float32Array(stateDim), new Float32Array(latentDim).fill(0.3)];
  const times = models.map((): number[] => []);
  for (let i = -5; i < rounds; i++) {
    for (const [at, model] of models.entries()) {
      const begin = performance.now();
      await model.score(latent, state, actions, CANDIDATES, goal);
      if (i >= 0) times[at]!.push(performance.now() - begin);
    }
  }
  return times;
}

/** What it takes to get into the runtime and out again. */
async function emptyCallMs(): Promise<number> {
  const sizes = { latentDim: 1, actionDim: 1, horizon: 1, width: 1 };
  const graph = await new OnnxRuntimeBackend().load(rolloutModel(sizes).onnx);
  const one = { data: new Float32Array(1), shape: [1, 1] };
  const times: number[] = [];
  for (let i = -200; i < 2000; i++) {
    const begin = performance.now();
    await graph.run({ latent: one, actions: { data: one.data, shape: [1, 1, 1] }, goal: one }, { energy: { data: new Float32Array(1), shape: [1, 1] } });
    if (i >= 0) times.push(performance.now() - begin);
  }
  await graph.close();
  return median(times);
}

export const SESSIONS: Part = { name: "sessions", title: "Threads of the model's session", run };
