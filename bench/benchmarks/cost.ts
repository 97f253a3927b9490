import { availableParallelism } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { writeLineChart, type LineSeries } from "../../src/plots/chart.js";
import { Icem, type PlanProblem } from "../../src/planner/index.js";
import { OnnxRuntimeBackend, OnnxWorldModel } from "../../src/world-model/index.js";
import { markdownTable } from "../markdown-table.js";
import { flops } from "../matrix-products.js";
import { reachableProblems } from "../problems.js";
import { processorMs } from "../processor-ms.js";
import { productModel } from "../product-model.js";
import { rolloutModel } from "../rollout-model.js";
import { median, quantile } from "../statistics.js";
import type { Context, Part } from "./context.js";

const CANDIDATES = [32, 64, 128, 256, 512, 1024] as const;
const ITERATIONS = [1, 2, 4, 8, 16] as const;
const HORIZONS = [5, 10, 20, 40] as const;
const WIDTHS = [64, 128, 256, 512, 1024] as const;
const USUAL = { candidates: 128, iterations: 4, horizon: 10, width: 256 } as const;
const MADE_UP = { latentDim: 10, actionDim: 4 } as const;

/** Milliseconds of plans: median and 99 % on the wall, and the median of processor time. */
interface Times {
  readonly median: number;
  readonly p99: number;
  readonly processor: number;
}

async function run({ bundle, plans, images, say }: Context): Promise<string> {
  const cores = availableParallelism();
  const text: string[] = [];
  const backend = new OnnxRuntimeBackend();
  const model = await OnnxWorldModel.load(bundle, { backend });
  const problems = await reachableProblems(model, 20);
  const wide = cores > 1 ? await OnnxWorldModel.load(bundle, { threads: cores }) : undefined;
  const wideProblems = wide === undefined ? undefined : await reachableProblems(wide, 20);

  text.push("Milliseconds a plan: processor time of all threads (on the wall: median / 99 %). The first hardly changes with what else runs on the machine and is what the pictures show.", "");
  say("candidates");
  const byCandidates: { count: number; one: Times; all: Times | undefined }[] = [];
  for (const count of CANDIDATES) {
    const search = (): Icem => new Icem({ candidates: count, iterations: USUAL.iterations, populationDecay: 1 });
    const [one, all] = await timed(plans, [{ search: search(), problems }, ...(wideProblems === undefined ? [] : [{ search: search(), problems: wideProblems }])]);
    byCandidates.push({ count, one: one!, all });
  }
  text.push(
    `**Candidates** (the bundle, ${USUAL.iterations} iterations, horizon ${model.horizon}):`, "",
    markdownTable(["candidates", "1 thread", ...(wide === undefined ? [] : [`${cores} threads`])],
      byCandidates.map(({ count, one, all }) => [String(count), both(one), ...(all === undefined ? [] : [both(all)])])), "",
  );
  say("iterations");
  const byIterations: { count: number; times: Times }[] = [];
  for (const count of ITERATIONS) {
    const [times] = await timed(plans, [{ search: new Icem({ candidates: USUAL.candidates, iterations: count, populationDecay: 1 }), problems }]);
    byIterations.push({ count, times: times! });
  }
  text.push(
    `**Iterations** (the bundle, ${USUAL.candidates} candidates, 1 thread):`, "",
    markdownTable(["iterations", ...byIterations.map(({ count }) => String(count))], [["ms", ...byIterations.map(({ times }) => both(times))]]), "",
  );
  await model.close();
  await wide?.close();

  say("horizon");
  const byHorizon = await madeUp(HORIZONS.map((horizon) => ({ horizon, width: USUAL.width })), plans);
  say("model size");
  const byWidth = await madeUp(WIDTHS.map((width) => ({ horizon: USUAL.horizon, width })), plans);
  const columns = ["", "weights", "GFLOP a plan", "plan, ms", "products alone, ms of processor", "plan / products, processor"];
  const row = (name: string, { parameters, gflop, plan, productsMs }: Made): string[] =>
    [name, parameters.toLocaleString("en"), gflop.toFixed(2), both(plan), productsMs.toFixed(1), (plan.processor / productsMs).toFixed(2)];
  text.push(
    `**Horizon** (a made-up roll-out of two hidden layers of ${USUAL.width}, ${USUAL.candidates} candidates, ${USUAL.iterations} iterations, 1 thread):`, "",
    markdownTable(["steps", ...columns.slice(1)], byHorizon.map((made) => row(String(made.horizon), made))), "",
    `**Model size** (the same over ${USUAL.horizon} steps):`, "",
    markdownTable(["width", ...columns.slice(1)], byWidth.map((made) => row(String(made.width), made))),
  );
  if (images !== undefined) {
    const series = (name: string, points: readonly (readonly [number, Times])[]): LineSeries =>
      ({ name, points: points.map(([x, { processor }]) => [x, processor]) });
    const subtitle = "medians of one run";
    await writeLineChart(join(images, "bench-candidates.png"), {
      title: "Processor time of a plan by candidates", subtitle: `${USUAL.iterations} iterations, shipped model; ${subtitle}`, xTitle: "candidates", yTitle: "processor time of a plan (ms)", xLog: true, yLog: true,
      series: [
        series("1 thread", byCandidates.map(({ count, one }) => [count, one])),
        ...(wide === undefined ? [] : [series(`${cores} threads`, byCandidates.map(({ count, all }) => [count, all!]))]),
      ],
    });
    await writeLineChart(join(images, "bench-model-size.png"), {
      title: "Processor time of a plan by model size", subtitle: `made-up roll-out, ${USUAL.candidates} candidates, ${USUAL.iterations} iterations, horizon ${USUAL.horizon}`,
      xTitle: "arithmetic of a plan (GFLOP)", yTitle: "processor time (ms)", xLog: true, yLog: true,
      series: [
        series("plan", byWidth.map(({ gflop, plan }) => [gflop, plan])),
        { name: "matrix products alone", points: byWidth.map(({ gflop, productsMs }) => [gflop, productsMs]) },
      ],
    });
    await writeLineChart(join(images, "bench-horizon.png"), {
      title: "Processor time of a plan by horizon and by iterations", subtitle, xTitle: "steps of the horizon, or iterations", yTitle: "processor time of a plan (ms)", yZero: true,
      series: [series(`horizon (made-up roll-out, ${USUAL.iterations} iterations)`, byHorizon.map(({ horizon, plan }) => [horizon, plan])), series("iterations (shipped model)", byIterations.map(({ count, times }) => [count, times]))],
    });
    text.push("", "![time of a plan by candidates](images/bench-candidates.png)", "", "![time of a plan by model size](images/bench-model-size.png)", "", "![time of a plan by horizon and iterations](images/bench-horizon.png)");
  }
  return text.join("\n");
}

interface Made {
  readonly horizon: number;
  readonly width: number;
  readonly parameters: number;
  readonly gflop: number;
  readonly plan: Times;
  readonly productsMs: number;
}

/** Plans in made-up roll-outs, each with its bare products beside it. */
async function madeUp(sizes: readonly { horizon: number; width: number }[], plans: number): Promise<Made[]> {
  const backend = new OnnxRuntimeBackend();
  const found: Made[] = [];
  for (const { horizon, width } of sizes) {
    const made = rolloutModel({ ...MADE_UP, horizon, width });
    const graph = await backend.load(made.onnx);
    const bare = productModel(made.products, USUAL.candidates);
    const products = await backend.load(bare.onnx);
    const { latentDim, actionDim } = MADE_UP;
    const latent = new Float32Array(USUAL.candidates * latentDim).fill(0.1);
    const goal = new Float32Array(latentDim).fill(1);
    const energy = new Float32Array(USUAL.candidates * horizon);
    const problem: PlanProblem = {
      horizon, bounds: { low: new Float32Array(actionDim).fill(-1), high: new Float32Array(actionDim).fill(1) },
      score: async (actions, count) => {
        await graph.run({
          latent: { data: latent, shape: [count, latentDim] }, actions: { data: actions, shape: [count, horizon, actionDim] }, goal: { data: goal, shape: [1, latentDim] },
        }, { energy: { data: energy, shape: [count, horizon] } });
        return energy;
      },
    };
    const productsMs: number[] = [];
    // Wide ones take seconds in all: fewer plans show the same.
    const fewer = Math.max(10, Math.min(plans, Math.round(plans * 256 / width)));
    const [plan] = await timed(fewer, [{ search: new Icem({ candidates: USUAL.candidates, iterations: USUAL.iterations, populationDecay: 1 }), problems: [problem] }], async () => {
      const used = process.cpuUsage();
      for (let k = 0; k < USUAL.iterations; k++) await products.run(bare.inputs, bare.outputs);
      productsMs.push(processorMs(used));
    });
    found.push({ horizon, width, parameters: made.parameters, gflop: flops(made.products, USUAL.candidates) * USUAL.iterations / 1e9, plan: plan!, productsMs: median(productsMs) });
    await graph.close();
    await products.close();
  }
  return found;
}

/** Times cold plans of several searches in turn, so that what the machine does beside falls on all. @param between done after each round. */
async function timed(
  plans: number, searches: readonly { search: Icem; problems: readonly PlanProblem[] }[], between: () => Promise<void> = async () => undefined,
): Promise<Times[]> {
  const warmUp = 5;
  const times = searches.map((): number[] => []);
  const processor = searches.map((): number[] => []);
  for (let i = 0; i < plans + warmUp; i++) {
    for (const [at, { search, problems }] of searches.entries()) {
      search.reset(i);
      const begin = performance.now();
      const used = process.cpuUsage();
      await search.plan(problems[i % problems.length]!, { deadlineMs: Infinity, now: () => performance.now() });
      if (i < warmUp) continue;
      times[at]!.push(performance.now() - begin);
      processor[at]!.push(processorMs(used));
    }
    await between();
  }
  return times.map((ms, at) => ({ median: median(ms), p99: quantile(ms, 0.99), processor: median(processor[at]!) }));
}

function both({ processor, median: middle, p99 }: Times): string {
  return `${processor.toFixed(1)} (${middle.toFixed(1)} / ${p99.toFixed(1)})`;
}

export const COST: Part = { name: "cost", title: "What a plan costs", run };
