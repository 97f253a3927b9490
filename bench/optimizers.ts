/**
 * Which optimiser reaches the lowest energy in how little time? `node dist/bench/optimizers.js [--bundle models/NAME] [--episodes 12] [--png docs/images/optimizers.png]
 * [--docs docs/planners.md] [--json FILE]`
 *
 * The problems are plans that were asked for in closed-loop episodes of reaching and grasping: pictures, goal pictures and states as a planner meets them. All optimisers plan each of
 * them, one after the other, so that whatever else the machine does falls on all. Prints Markdown; draws energy against time.
 */
import { cpus, loadavg } from "node:os";
import { writeFileAtomically } from "../src/camera/write-file-atomically.js";
import { type PlannerConfig, withBundleSearch } from "../src/control/planner-config.js";
import { writeLineChart, type LineSeries } from "../src/plots/chart.js";
import { OnnxWorldModel } from "../src/world-model/index.js";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { benchOptions } from "./bench-options.js";
import { recordProblems } from "./optimizers/record-problems.js";
import { Tracer, type TracePoint } from "./optimizers/trace-plan.js";
import { quantile } from "./statistics.js";

const options = benchOptions("optimizers")
  .option("bundle", { type: "string", default: "models/arm-objects-jepa", describe: "bundle folder" })
  .option("episodes", { type: "number", default: 12, describe: "episodes of each task" })
  .option("seeds", { type: "number", default: 0, describe: "seed of the first: below 10000, where the seeds of evaluation begin" })
  .option("per-episode", { type: "number", default: 6, describe: "plans taken of an episode" })
  .option("rollouts", { type: "number", default: 1500, describe: "roll-outs a plan" })
  .option("threads", { type: "number", default: 1, describe: "threads of the model's session" })
  .option("png", { type: "string", describe: "draw energy against time into this file" })
  .option("docs", { type: "string", describe: "Markdown file whose section is replaced" })
  .option("json", { type: "string", describe: "write every curve into this file" })
  .parseSync();
for (const name of ["episodes", "perEpisode", "rollouts"] as const) {
  if (Number.isInteger(options[name]) && options[name] > 0) continue;
  process.stderr.write(`optimizers: --${name === "perEpisode" ? "per-episode" : name} is ${options[name]}; give a whole number above 0\n`);
  process.exit(2);
}
if (!(options.seeds >= 0 && options.seeds + options.episodes <= 10_000)) {
  process.stderr.write(`optimizers: --seeds is ${options.seeds}; with ${options.episodes} episodes give 0 to ${10_000 - options.episodes}, which evaluation does not use\n`);
  process.exit(2);
}

/** As the node would have them with the bundle of 128 candidates, but that they go on until there have been enough roll-outs. */
const FOREVER = { candidates: 128, iterations: Infinity } as const;
const CONTESTANTS: Readonly<Record<string, PlannerConfig>> = {
  "CEM": { kind: "cem", options: FOREVER },
  "iCEM": { kind: "icem", options: { ...FOREVER, refinement: { iterations: 0 } } },
  "MPPI": { kind: "mppi", options: { ...FOREVER, refinement: { iterations: 0 } } },
  "iCEM (2 iterations), then refinement": { kind: "icem", options: { candidates: 128, iterations: 2, refinement: { iterations: 1000 } } },
  "the same from 64 candidates": { kind: "icem", options: { candidates: 64, iterations: 2, refinement: { iterations: 1000 } } },
  "MPPI (2 iterations, 64 candidates), then refinement": { kind: "mppi", options: { candidates: 64, iterations: 2, refinement: { iterations: 1000 } } },
};
/** Roll-outs of the plan before, from which a plan is warm: about what the bundle's search has. */
const WARM_ROLLOUTS = 376;
/** The best that is known of a problem is the best of all curves and of these. */
const LONG: PlannerConfig = { kind: "icem", options: { candidates: 256, elites: 24, iterations: 5, refinement: { iterations: 1000, candidates: 24 } } };
const LONG_ROLLOUTS = 4000;

const problems = await recordProblems({
  bundle: options.bundle, tasks: ["reach", "grasp"], episodes: options.episodes, firstSeed: options.seeds, perEpisode: options.perEpisode,
});
const model = await OnnxWorldModel.load(options.bundle, { threads: options.threads });
const load = loadavg()[0]!;
const tracer = (config: PlannerConfig): Tracer => new Tracer(model, withBundleSearch(config, model.manifest));
const contestants = Object.entries(CONTESTANTS).map(([name, config]) => ({ name, tracer: tracer(config), curves: [] as TracePoint[][] }));
const long = tracer(LONG);
const lowest: number[] = [];
for (const [i, problem] of problems.entries()) {
  const bests: number[] = [(await long.trace(problem, { seed: 7, rollouts: LONG_ROLLOUTS, warm: WARM_ROLLOUTS })).at(-1)!.energy];
  // Another one is first each time.
  for (let k = 0; k < contestants.length; k++) {
    const { tracer: one, curves } = contestants[(i + k) % contestants.length]!;
    const curve = await one.trace(problem, { seed: i, rollouts: options.rollouts, warm: WARM_ROLLOUTS });
    curves.push(curve);
    bests.push(curve.at(-1)!.energy);
  }
  lowest.push(Math.min(...bests));
}
await model.close();

/** What is left of the way from staying to the best that is known, %. */
function left(i: number, energy: number): number {
  return (100 * (energy - lowest[i]!)) / (problems[i]!.plan.startEnergy - lowest[i]!);
}

interface Level {
  readonly rollouts: number;
  readonly ms: number;
  readonly left: readonly [lower: number, median: number, upper: number];
}

/** By number of the population: all plans of a contestant have the same sizes. */
function levels(curves: readonly TracePoint[][]): Level[] {
  const populations = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length: populations }, (_, p) => {
    const at = curves.map((curve, i) => left(i, curve[p]!.energy));
    return {
      rollouts: curves[0]![p]!.rollouts, ms: quantile(curves.map((curve) => curve[p]!.ms), 0.5),
      left: [quantile(at, 0.25), quantile(at, 0.5), quantile(at, 0.75)],
    };
  });
}

const byName = new Map(contestants.map(({ name, curves }) => [name, levels(curves)]));
const text = report();
process.stdout.write(`${text}\n`);
if (options.docs !== undefined) await writeBetweenMarkers(options.docs, "optimizers", text);
if (options.json !== undefined) await writeFileAtomically(options.json, `${JSON.stringify(Object.fromEntries(byName), null, 1)}\n`);
if (options.png !== undefined) {
  await writeLineChart(options.png, {
    title: "Energy left against time, for each optimiser",
    subtitle: `${problems.length} plans of ${2 * options.episodes} closed-loop episodes of reaching and grasping, warm; median and quartiles; dots: populations. ${options.threads} thread.`,
    xTitle: "time (ms)", yTitle: "energy above the best that is known (% of staying)",
    xLog: true, yLog: true,
    series: [...byName].map(([name, points]): LineSeries => ({
      name,
      points: points.map(({ ms, left: [, median] }) => [ms, median]),
      band: points.map(({ ms, left: [lower, , upper] }) => [ms, lower, upper]),
    })),
  });
}

function report(): string {
  const icem = byName.get("iCEM")!;
  const reached = icem.filter(({ rollouts }) => rollouts <= 1.05 * WARM_ROLLOUTS).at(-1)!;
  const at = (points: readonly Level[], rollouts: number): string => {
    const level = points.filter((point) => point.rollouts <= rollouts * 1.05).at(-1);
    return level === undefined ? "" : `${level.left[1].toFixed(2)} (${level.left[0].toFixed(2)} to ${level.left[2].toFixed(2)})`;
  };
  const budgets = [130, 250, 380, 750, options.rollouts];
  const cores = cpus();
  return [
    `${problems.length} plans out of ${2 * options.episodes} episodes (reach and grasp, seeds from ${options.seeds}), warm from the plan before; ${cores.length} cores (${cores[0]?.model.trim() ?? "unknown"}), `
    + `${options.threads} thread, load average ${load.toFixed(1)}. Energy above the best that is known, % of what staying has; median (quartiles).`,
    "",
    `| optimiser | ${budgets.map((rollouts) => `${rollouts} roll-outs`).join(" | ")} | ms a roll-out | time to iCEM's ${reached.left[1].toFixed(2)} % |`,
    `|---|${budgets.map(() => "---|").join("")}---|---|`,
    ...[...byName].map(([name, points]) => {
      const there = points.find(({ left: [, median] }) => median <= reached.left[1]);
      const last = points.at(-1)!;
      return `| ${name} | ${budgets.map((rollouts) => at(points, rollouts)).join(" | ")} | ${(last.ms / last.rollouts).toFixed(3)} | `
        + `${there === undefined ? "not reached" : `${there.ms.toFixed(1)} ms (${(there.ms / reached.ms).toFixed(2)} of iCEM's)`} |`;
    }),
  ].join("\n");
}
