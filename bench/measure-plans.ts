import { performance } from "node:perf_hooks";
import type { CrossEntropySearch, PlanProblem } from "../src/planner/index.js";
import type { Graph } from "../src/world-model/index.js";
import { processorMs } from "./processor-ms.js";
import type { ProductModel } from "./product-model.js";
import { median, quantile } from "./statistics.js";

/** Milliseconds over all plans. Phases and the bare products are medians too, so they need not add up exactly. */
export interface PlanTimes {
  readonly plans: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly sampleMs: number;
  readonly rolloutMs: number;
  readonly selectMs: number;
  /** The bare matrix products of as many populations. */
  readonly productsMs: number;
  /** Processor time of plans and of bare products, which other work on the machine hardly changes. */
  readonly processorMs: number;
  readonly productsProcessorMs: number;
  /** Roll-out over bare products: 1 would be nothing but multiplying. */
  readonly rolloutOverProducts: number;
  /** Mean energy of the answers. */
  readonly energy: number;
}

/** What the bare products run on. */
export interface Products {
  readonly graph: Graph;
  readonly model: ProductModel;
}

/**
 * Times cold plans, one after the other over the problems. After each plan the bare products are run as often as the plan had
 * iterations: side by side, so that whatever else the machine does falls on both.
 */
export async function measurePlans(planner: CrossEntropySearch, problems: readonly PlanProblem[], plans: number, products: Products): Promise<PlanTimes> {
  const now = (): number => performance.now();
  const times: Record<"plan" | "sample" | "rollout" | "select" | "products" | "energy" | "processor" | "productsProcessor", number[]> =
    { plan: [], sample: [], rollout: [], select: [], products: [], energy: [], processor: [], productsProcessor: [] };
  const warmUp = 5;
  for (let i = -warmUp; i < plans; i++) {
    planner.reset(i + warmUp);
    const begin = now();
    const used = process.cpuUsage();
    const plan = await planner.plan(problems[(i + warmUp) % problems.length]!, { deadlineMs: Infinity, now });
    const planned = now();
    const planProcessorMs = processorMs(used);
    const usedByPlans = process.cpuUsage();
    for (let k = 0; k < plan.iterations; k++) {
      await products.graph.run(products.model.inputs, products.model.outputs);
    }
    const end = now();
    const productsProcessorMs = processorMs(usedByPlans);
    if (i >= 0) {
      const { sampleMs, scoreMs, selectMs } = planner.timings;
      times.plan.push(planned - begin);
      times.sample.push(sampleMs);
      times.rollout.push(scoreMs);
      times.select.push(selectMs);
      times.products.push(end - planned);
      times.processor.push(planProcessorMs);
      times.productsProcessor.push(productsProcessorMs);
      times.energy.push(plan.energy);
    }
  }
  return {
    plans,
    medianMs: median(times.plan),
    p99Ms: quantile(times.plan, 0.99),
    sampleMs: median(times.sample),
    rolloutMs: median(times.rollout),
    selectMs: median(times.select),
    productsMs: median(times.products),
    processorMs: median(times.processor),
    productsProcessorMs: median(times.productsProcessor),
    rolloutOverProducts: median(times.rollout.map((ms, i) => ms / times.products[i]!)),
    energy: times.energy.reduce((sum, energy) => sum + energy, 0) / plans,
  };
}
