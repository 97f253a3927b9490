import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Icem } from "../../src/planner/index.js";
import { OnnxRuntimeBackend, OnnxWorldModel } from "../../src/world-model/index.js";
import { markdownTable } from "../markdown-table.js";
import { flops, readMatrixProducts } from "../matrix-products.js";
import { measurePlans } from "../measure-plans.js";
import { reachableProblems } from "../problems.js";
import { productModel } from "../product-model.js";
import type { Context, Part } from "./context.js";

const POPULATIONS = [128, 256] as const;
const THREADS = [1, 2] as const;
const ITERATIONS = 4;

async function run({ bundle, plans, say }: Context): Promise<string> {
  const products = readMatrixProducts(await readFile(join(bundle, "rollout.onnx")));
  const rows: string[][] = [];
  for (const threads of THREADS) {
    const backend = new OnnxRuntimeBackend({ threads });
    const model = await OnnxWorldModel.load(bundle, { backend });
    const problems = await reachableProblems(model, 20);
    for (const candidates of POPULATIONS) {
      say(`${candidates} candidates, ${threads} thread${threads === 1 ? "" : "s"}`);
      const bare = productModel(products, candidates);
      const graph = await backend.load(bare.onnx);
      // Without decay, so that the products beside a plan are as many as its own.
      const search = new Icem({ candidates, iterations: ITERATIONS, populationDecay: 1 });
      const times = await measurePlans(search, problems, plans, { graph, model: bare });
      rows.push([
        `${candidates} candidates, ${threads} thread${threads === 1 ? "" : "s"}`, times.medianMs.toFixed(1), times.rolloutMs.toFixed(1), times.productsMs.toFixed(1),
        (times.medianMs / times.productsMs).toFixed(2), times.processorMs.toFixed(1), times.productsProcessorMs.toFixed(1), (times.processorMs / times.productsProcessorMs).toFixed(2),
        (flops(products, candidates) * ITERATIONS / times.productsProcessorMs / 1e6).toFixed(0),
      ]);
      await graph.close();
    }
    await model.close();
  }
  return [
    `A plan of ${ITERATIONS} iterations over the bundle's horizon against the same matrix products alone (a graph of nothing else, run after each plan by the same runtime: what the machine does`
    + ` beside falls on both). Medians of ${plans} plans, ms; processor time is that of all threads, and hardly changes with what else runs. The goal is at most 1.5.`,
    "",
    markdownTable(["", "plan", "of which roll-outs", "products alone", "plan / products", "plan, processor", "products, processor", "plan / products, processor", "GFLOP/s of the products"], rows),
  ].join("\n");
}

export const PLAN_AGAINST_PRODUCTS: Part = { name: "products", title: "A plan against bare matrix products", run };
