/**
 * This project's planner as a process that is asked by lines of JSON (`protocol.ts`): `node dist/bench/peers/own-solver.js --bundle models/NAME --threads 1`.
 */
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { withBundleSearch } from "../../src/control/planner-config.js";
import { Cem, Icem, type Plan, type Planner, type PlanProblem } from "../../src/planner/index.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { proposer } from "../../src/world-model/proposer.js";
import { SAME_BUDGET_ITERATIONS } from "./contenders.js";
import type { Problem, Request, Search, SolverName } from "./protocol.js";

const { values: options } = parseArgs({ options: { bundle: { type: "string" }, threads: { type: "string" } } });
const model = await OnnxWorldModel.load(options.bundle!, { threads: Number(options.threads) });
const { action, planning } = model.manifest;
const bounds = { low: Float32Array.from(action.low), high: Float32Array.from(action.high) };
const objective = withBundleSearch({ kind: "icem", options: {} }, model.manifest).options?.objective;

/** Of each population of a refinement: the default. */
const REFINED_CANDIDATES = 16;

/** Made once for each setting, as in the node, where the memory is taken before the first plan. */
const planners = new Map<string, Planner>();

function planner(solver: SolverName, { seed: _, std, switched, ...sizes }: Search): Planner {
  const key = JSON.stringify([solver, sizes, std, switched]);
  const found = planners.get(key) ?? make(solver, { ...sizes, switchedDims: switched }, std);
  planners.set(key, found);
  return found;
}

function make(solver: SolverName, sizes: Pick<Search, "candidates" | "elites" | "iterations"> & { readonly switchedDims: readonly number[] }, std: number): Planner {
  const shipped = withBundleSearch({ kind: "icem", options: sizes }, model.manifest).options;
  switch (solver) {
    case "own_shipped":
      return new Icem(shipped);
    case "own_refined": {
      const iterations = Math.min(SAME_BUDGET_ITERATIONS, sizes.iterations);
      const refined = Math.round((sizes.iterations - iterations) * sizes.candidates / REFINED_CANDIDATES);
      return new Icem({ ...shipped, iterations, refinement: { candidates: REFINED_CANDIDATES, iterations: refined } });
    }
    case "own_without_policy":
      return new Icem({ ...shipped, proposals: 0 });
    case "own_cem":
      // As the peers' loops search: the same width to begin with, no floor, every dimension alike.
      return new Cem({ ...sizes, initialStd: std, minStd: 0, ...(objective === undefined ? {} : { objective }) });
    case "swm_cem":
    case "swm_icem":
    case "swm_mppi":
    case "dino_wm":
    case "vjepa2_ac":
      throw new Error(`${solver} is no solver of this process`);
  }
}

function planProblem({ latent, state, goal }: Problem): PlanProblem {
  const scene = { latent: Float32Array.from(latent), state: Float32Array.from(state), goal: Float32Array.from(goal) };
  return {
    horizon: model.horizon,
    bounds,
    score: async (candidates, count) => (await model.score(scene.latent, scene.state, candidates, count, scene.goal)).stepEnergies,
    ...proposer(model, { ...scene, committed: new Float32Array(0) }),
  };
}

async function answer(request: Request): Promise<unknown> {
  switch (request.do) {
    case "encode": {
      const data = new Uint8Array(Buffer.from(request.pixels, "base64"));
      return { latent: [...await model.encode({ width: model.imageWidth, height: model.imageHeight, data })] };
    }
    case "score": {
      const { latent, state, goal } = request.problem;
      const count = request.actions.length / (model.horizon * model.actionDim);
      const { stepEnergies } = await model.score(Float32Array.from(latent), Float32Array.from(state), Float32Array.from(request.actions), count, Float32Array.from(goal));
      return { energies: [...stepEnergies] };
    }
    case "plan": {
      const search = planner(request.solver, request.search);
      const problem = planProblem(request.problem);
      search.reset(request.search.seed);
      const begin = performance.now();
      const plan: Plan = await search.plan(problem, { deadlineMs: Infinity, now: () => performance.now() });
      return { ms: performance.now() - begin, actions: [...plan.actions], rollouts: plan.candidates };
    }
  }
}

process.stdout.write(`${JSON.stringify({ ready: `Node ${process.version}, ONNX Runtime ${options.threads} thread(s), ${planning === undefined ? "no" : "its own"} search of the bundle` })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
}
await model.close();
