/**
 * This planner against the solvers of stable-worldmodel and the loops of DINO-WM and V-JEPA 2-AC, on the same model, the same problems, the same budgets and the same cores:
 *
 *     node scripts/setup.mjs --bench --no-ros          # PyTorch and stable-worldmodel into .env-bench, once
 *     node dist/bench/peers.js [--problems 24] [--repeats 2] [--cores 0] [--json FILE] [--docs docs/benchmarks-peers.md]
 *     node dist/bench/peers.js --from FILE --docs docs/benchmarks-peers.md      # writes the report of an earlier run again
 *
 * Every solver is a process of its own that sleeps while it is not asked; they plan in turn (`peers/measure.ts`). What the numbers mean is in the document.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomically } from "../src/camera/write-file-atomically.js";
import { PROJECT_ROOT } from "../src/cli/project.js";
import { withBundleSearch } from "../src/control/planner-config.js";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { OnnxWorldModel } from "../src/world-model/index.js";
import { stepWeights } from "../src/planner/objective.js";
import { benchOptions } from "./bench-options.js";
import { CONTENDERS } from "./peers/contenders.js";
import { measure } from "./peers/measure.js";
import { checkParity } from "./peers/parity.js";
import { PEERS_STD } from "./peers/peers-std.js";
import { drawCurves } from "./peers/plots.js";
import { picturedProblems } from "./peers/problems.js";
import { report } from "./peers/report.js";
import type { SolverName } from "./peers/protocol.js";
import type { Results } from "./peers/results.js";
import { SolverProcess } from "./peers/solver-process.js";

const options = benchOptions("peers")
  .option("bundle", { type: "string", default: join(PROJECT_ROOT, "models", "arm-objects-jepa"), describe: "bundle folder" })
  .option("problems", { type: "number", default: 24, describe: "problems, the tasks in turn" })
  .option("seeds", { type: "number", default: 900_000, describe: "seed of the first" })
  .option("repeats", { type: "number", default: 2, describe: "seeds of the search on each problem" })
  .option("cores", { type: "string", default: "0", describe: "processors of each process, such as 0 or 0,1; as many threads" })
  .option("width", { type: "number", default: PEERS_STD, describe: "of the peers' first samples, as a share of the box's half width" })
  .option("gripper", { choices: ["switched", "free"] as const, default: "switched" as const, describe: "in every answer open or closed, or anything between" })
  .option("only", { type: "string", array: true, describe: "contenders, by the beginnings of their keys" })
  .option("python", { type: "string", default: join(PROJECT_ROOT, ".env-bench", "bin", "python"), describe: "Python with bench/requirements.txt" })
  .option("json", { type: "string", default: join(PROJECT_ROOT, "runs", "peers.json"), describe: "all numbers go to this file" })
  .option("from", { type: "string", describe: "such a file, instead of measuring" })
  .option("docs", { type: "string", describe: "put the report between the markers of this file, and the plots into images/ beside it" })
  .parseSync();

try {
  const results = options.from === undefined ? await run() : JSON.parse(await readFile(options.from, "utf8")) as Results;
  const text = report(results);
  process.stdout.write(`${text}\n`);
  if (options.docs !== undefined) {
    const folder = join(dirname(options.docs), "images");
    await mkdir(folder, { recursive: true });
    const name = results.gripper === "free" ? "peers-free" : "peers";
    const files = await drawCurves(results, folder, name);
    await writeBetweenMarkers(options.docs, name, [text, "", ...files.map((file) => `![energy against budget](images/${file})`)].join("\n"));
  }
} catch (error) {
  process.stderr.write(`peers: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(): Promise<Results> {
  const cores = parseCores(options.cores);
  for (const [name, value] of [["problems", options.problems], ["repeats", options.repeats]] as const) {
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is ${value}: must be a positive whole number`);
  }
  if (!(options.width > 0 && options.width <= 2)) throw new Error(`--width is ${options.width}: must be above 0, at most 2`);
  const contenders = CONTENDERS.filter(({ key }) => options.only === undefined || options.only.some((start) => key.startsWith(start)));
  if (!contenders.some(({ key }) => key === "own-shipped")) throw new Error(`--only ${options.only?.join(" ")} leaves out own-shipped, which all are held against`);
  if (!existsSync(options.python)) throw new Error(`${options.python} is missing: node scripts/setup.mjs --bench --no-ros makes it`);
  const before = loadavg()[0]!;
  const model = await OnnxWorldModel.load(options.bundle, { threads: 1 });
  const processes = new Map<SolverName, SolverProcess>();
  try {
    const { objective = { kind: "final" } as const } = withBundleSearch({ kind: "icem", options: {} }, model.manifest).options ?? {};
    const weights = [...stepWeights(objective, model.horizon)];
    const problems = await picturedProblems(model, options.problems, options.seeds);
    for (const { solver, ours } of contenders) {
      if (!processes.has(solver)) processes.set(solver, await SolverProcess.start(ours ? ownSolver(cores) : pythonSolver(cores, weights)));
    }
    const peer = contenders.find(({ ours }) => !ours);
    if (peer === undefined) throw new Error("--only leaves out all peers");
    const parity = await checkParity(model, processes.get(peer.solver)!, problems);
    process.stderr.write(`parity: latents within ${parity.latent.toExponential(1)}, energies within ${parity.energy.toExponential(1)}\n`);
    const scenes = problems.map(({ problem }) => problem);
    const curves = await measure({
      contenders, processes, problems: scenes, repeats: options.repeats, std: options.width, model, objective,
      switched: options.gripper === "free" ? [] : (model.manifest.planning?.switched ?? []).map((name) => model.manifest.action.names.indexOf(name)),
      onProgress: (done, total) => process.stderr.write(`\r${done} of ${total} turns`),
    });
    process.stderr.write("\n");
    const starts: number[] = [];
    for (const { latent, state, goal } of scenes) {
      const still = new Float32Array(model.horizon * model.actionDim);
      starts.push((await model.score(Float32Array.from(latent), Float32Array.from(state), still, 1, Float32Array.from(goal))).startEnergy);
    }
    const results: Results = {
      made: new Date().toISOString().slice(0, 10), bundle: model.manifest.name, horizon: model.horizon, cores, repeats: options.repeats, std: options.width, gripper: options.gripper,
      load: { before, after: loadavg()[0]! }, processes: [...processes.values()].map(({ says }) => says), parity, contenders,
      problems: scenes.map(({ task, seed }) => ({ task, seed })),
      scales: starts.map((start, i) => ({ start, lowest: Math.min(...curves.filter(({ problem }) => problem === i).flatMap(({ points }) => points.map(({ energy }) => energy))) })),
      curves,
    };
    await mkdir(dirname(options.json), { recursive: true });
    await writeFileAtomically(options.json, `${JSON.stringify(results)}\n`);
    return results;
  } finally {
    for (const solver of processes.values()) solver.close();
    await model.close();
  }
}

function ownSolver(cores: readonly number[]): Parameters<typeof SolverProcess.start>[0] {
  const script = fileURLToPath(new URL("./peers/own-solver.js", import.meta.url));
  return { command: process.execPath, args: [script, "--bundle", options.bundle, "--threads", String(cores.length)], cores };
}

function pythonSolver(cores: readonly number[], weights: readonly number[]): Parameters<typeof SolverProcess.start>[0] {
  const script = join(PROJECT_ROOT, "bench", "peers", "torch_solver.py");
  return { command: options.python, args: [script, "--bundle", options.bundle, "--threads", String(cores.length), "--weights", weights.join(",")], cores };
}

function parseCores(text: string): number[] {
  const cores = text.split(",").map(Number);
  if (!cores.every((core) => Number.isInteger(core) && core >= 0 && core < availableParallelism()) || new Set(cores).size !== cores.length) {
    throw new Error(`--cores is ${text}: give processors from 0 to ${availableParallelism() - 1} with commas between them`);
  }
  return cores;
}
