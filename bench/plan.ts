/**
 * How long a plan takes, and how much of that is the arithmetic that cannot be avoided.
 *
 *     node dist/bench/plan.js --bundle models/NAME [--candidates 256] [--iterations 5] [--plans 100] [--threads 1,2] [--json FILE]
 *
 * Other work on the machine shows in the numbers; the load average is printed with them.
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Cem, Icem } from "../src/planner/index.js";
import { OnnxRuntimeBackend, OnnxWorldModel } from "../src/world-model/index.js";
import { equalQuality } from "./equal-quality.js";
import { flops, readMatrixProducts } from "./matrix-products.js";
import { measurePlans, type PlanTimes } from "./measure-plans.js";
import { reachableProblems } from "./problems.js";
import { productModel } from "./product-model.js";

const { values: options } = parseArgs({
  options: {
    bundle: { type: "string" },
    candidates: { type: "string", default: "256" },
    iterations: { type: "string", default: "5" },
    plans: { type: "string", default: "100" },
    threads: { type: "string", default: "1,2" },
    json: { type: "string" },
  },
});
if (options.bundle === undefined) {
  throw new Error("--bundle DIR is missing: give the folder of a world-model bundle");
}
const whole = (name: string, value: string): number => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new Error(`--${name} is ${value}: must be a positive whole number`);
  }
  return number;
};
const candidates = whole("candidates", options.candidates);
const iterations = whole("iterations", options.iterations);
const plans = whole("plans", options.plans);
const threadCounts = options.threads.split(",").map((value) => whole("threads", value));

const products = readMatrixProducts(await readFile(join(options.bundle, "rollout.onnx")));
const flopsPerPopulation = flops(products, candidates);
const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, load: loadavg()[0] };
console.log(`${machine.cpu}, ${machine.cores} cores, load ${machine.load?.toFixed(2)}, Node ${machine.node}`);
console.log(`${options.bundle}: ${products.length} matrix products, ${(flopsPerPopulation / 1e9).toFixed(3)} GFLOP for ${candidates} candidates\n`);

interface Row extends PlanTimes {
  readonly planner: string;
  readonly threads: number;
  readonly gflopPerSecond: number;
}
const rows: Row[] = [];
const bare = productModel(products, candidates);
let quality: Awaited<ReturnType<typeof equalQuality>> | undefined;
for (const threads of threadCounts) {
  const backend = new OnnxRuntimeBackend({ threads });
  const model = await OnnxWorldModel.load(options.bundle, { backend });
  const graph = await backend.load(bare.onnx);
  const problems = await reachableProblems(model, 20);
  const settings = { candidates, iterations };
  // iCEM without decay, so that both score the same populations and the products beside them are the same.
  const planners = { CEM: new Cem(settings), iCEM: new Icem({ ...settings, populationDecay: 1 }) };
  for (const [planner, search] of Object.entries(planners)) {
    const times = await measurePlans(search, problems, plans, { graph, model: bare });
    rows.push({ planner, threads, ...times, gflopPerSecond: (flopsPerPopulation * iterations) / times.rolloutMs / 1e6 });
  }
  quality ??= await equalQuality(problems, candidates, iterations);
  await graph.close();
  await model.close();
}

printTable(
  ["planner", "threads", "plan ms", "p99 ms", "sample", "rollout", "select", "products", "rollout/products", "GFLOP/s"],
  rows.map((row) => [
    row.planner, String(row.threads), ...[row.medianMs, row.p99Ms, row.sampleMs, row.rolloutMs, row.selectMs, row.productsMs, row.rolloutOverProducts].map((ms) => ms.toFixed(2)),
    row.gflopPerSecond.toFixed(0),
  ]),
);
if (quality !== undefined) {
  console.log(`\nThe same quality with fewer roll-outs (cold start, ${threadCounts[0]} thread${threadCounts[0] === 1 ? "" : "s"}):`);
  printTable(
    ["planner", "candidates", "roll-outs", "mean energy", "plan ms"],
    [quality.cem, ...quality.icem].map((row) => [row.planner, String(row.candidates), String(row.rollouts), row.energy.toPrecision(4), row.medianMs.toFixed(2)]),
  );
  console.log(quality.enough === undefined
    ? `iCEM does not reach CEM's energy with ${candidates} candidates.`
    : `iCEM needs ${quality.enough.rollouts} roll-outs where CEM has ${quality.cem.rollouts}: ${(quality.cem.medianMs / quality.enough.medianMs).toFixed(1)} times faster.`);
}
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ machine, bundle: options.bundle, candidates, iterations, flopsPerPopulation, plans: rows, quality }, null, 2)}\n`);
}

function printTable(head: string[], body: string[][]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((row) => row[column]!.length)));
  for (const row of [head, ...body]) {
    console.log(row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join("  "));
  }
}
