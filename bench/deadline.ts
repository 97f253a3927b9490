/**
 * Does a plan keep its deadline on a machine that is busy? `node dist/bench/deadline.js [--bundle models/NAME] [--plans 2000] [--deadlines 40,80,160] [--busy 2] [--docs docs/planners.md]`
 *
 * Processes of this bench's own keep all cores busy. Plans are asked for one after the other, as the node does it: through a worker, with pictures of an episode, and with as many
 * iterations as there is time for. Timed is the whole plan, from the question to where the answer is read. Beside it, in the same run, a worker that only counts for ten
 * milliseconds: what the operating system alone does to a thread. Prints Markdown.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { withBundleSearch } from "../src/control/planner-config.js";
import type { PlanRequest } from "../src/control/planning-service.js";
import { WorkerPlanningService } from "../src/control/worker-planning-service.js";
import { SurpriseEpisodes } from "../src/evaluation/surprise-episodes.js";
import { readManifest } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";
import { SpinClock } from "./deadline/spin-clock.js";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { quantile } from "./statistics.js";

/** Plans at the start that are not counted: code is compiled, and nothing is known yet of how long things take. */
const WARM_UP = 50;
const SPIN_MS = 10;

const options = benchOptions("deadline")
  .option("bundle", { type: "string", default: "models/arm-objects-jepa", describe: "bundle folder" })
  .option("plans", { type: "number", default: 2000, describe: "plans for each deadline" })
  .option("deadlines", { type: "string", default: "40,80,160", describe: "ms, between commas" })
  .option("busy", { type: "number", default: cpus().length, describe: "processes that do nothing but compute" })
  .option("threads", { type: "number", default: 1, describe: "threads of the model's session" })
  .option("niceness", { type: "number", describe: "nice value of the planning thread [default: as the process]" })
  .option("pause", { type: "number", default: 0, describe: "ms between a plan and the next question" })
  .option("docs", { type: "string", describe: "Markdown file whose section is replaced" })
  .parseSync();
const deadlines = options.deadlines.split(",").map(Number);
if (deadlines.some((ms) => !(ms > 0))) {
  process.stderr.write(`deadline: --deadlines is ${options.deadlines}; give times above 0 ms between commas\n`);
  process.exit(2);
}
if (!(Number.isInteger(options.plans) && options.plans > 0)) {
  process.stderr.write(`deadline: --plans is ${options.plans}; give a whole number above 0\n`);
  process.exit(2);
}

/** What came of one plan. */
interface Timed {
  readonly ms: number;
  readonly iterations: number;
  readonly candidates: number;
}

const requests = await record();
const manifest = await readManifest(options.bundle);
const load = loadavg()[0]!;
const planning = await WorkerPlanningService.start({
  bundleDirectory: options.bundle, running: { threads: options.threads }, ...(options.niceness === undefined ? {} : { placement: { niceness: options.niceness } }),
  planner: withBundleSearch({ kind: "icem", options: { iterations: Infinity } }, manifest),
  onWarning: (sentence) => { process.stderr.write(`deadline: ${sentence}\n`); },
});
const spin = await SpinClock.start(SPIN_MS);
const busy = Array.from({ length: options.busy }, keepBusy);
const results: { deadlineMs: number; plans: Timed[]; spins: number[] }[] = [];
try {
  await sleep(500);
  for (const deadlineMs of deadlines) {
    const plans: Timed[] = [];
    const spins: number[] = [];
    planning.reset(1);
    for (let i = -WARM_UP; i < options.plans; i++) {
      const request = requests[(i + WARM_UP) % requests.length]!;
      const begin = performance.now();
      const { iterations, candidates } = await planning.plan({ ...request, deadlineMs });
      const ms = performance.now() - begin;
      if (i >= 0) plans.push({ ms, iterations, candidates });
      // As often as is enough for its quantiles; never beside a plan.
      if (i >= 0 && i % 2 === 0) spins.push(await spin.run());
      if (options.pause > 0) await sleep(options.pause);
    }
    results.push({ deadlineMs, plans, spins });
  }
} finally {
  for (const child of busy) child.kill("SIGKILL");
  await planning.close();
  await spin.close();
}
const text = report();
process.stdout.write(`${text}\n`);
if (options.docs !== undefined) await writeBetweenMarkers(options.docs, "deadline", text);

/** The questions of an episode, in their order. */
async function record(): Promise<PlanRequest[]> {
  const recorded: PlanRequest[] = [];
  const runner = await SurpriseEpisodes.create(options.bundle);
  await runner.run({
    task: "grasp", seed: 1,
    onPlan: async (request) => {
      const { image, state, committed, goal } = request;
      recorded.push({ ...request, image: { ...image, data: image.data.slice() }, state: state.slice(), committed: committed.slice(), goal: goal.slice() });
    },
  });
  await runner.close();
  return recorded;
}

/** Ends by itself should this process be gone. */
function keepBusy(): ChildProcess {
  return spawn(process.execPath, ["-e", "const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e9; i++);"], { stdio: "ignore" });
}

function report(): string {
  const cell = (values: readonly number[], digits = 1): string => [0.5, 0.99, 0.999, 1].map((q) => quantile(values, q).toFixed(digits)).join(" | ");
  const rows = results.map(({ deadlineMs, plans }) => {
    const late = plans.filter(({ ms }) => ms > deadlineMs).length;
    return `| ${deadlineMs} | ${cell(plans.map(({ ms }) => ms))} | ${late} of ${plans.length} | ${[0.5, 0.01].map((q) => quantile(plans.map(({ iterations }) => iterations), q)).join(" / ")} | `
      + `${[0.5, 0.01].map((q) => quantile(plans.map(({ candidates }) => candidates), q)).join(" / ")} |`;
  });
  const spins = results.flatMap((result) => result.spins);
  const cores = cpus();
  return [
    `${cores.length} cores (${cores[0]?.model.trim() ?? "unknown"}), ${options.busy} processes of this bench that only compute, load average ${load.toFixed(1)} before it; ${options.threads} thread`
    + `${options.threads === 1 ? "" : "s"} for the model${options.niceness === undefined ? "" : `, nice ${options.niceness} for the planning thread`}, `
    + `${options.pause === 0 ? "the next question as soon as there is an answer" : `${options.pause} ms between an answer and the next question`}. Whole plans, ms:`,
    "",
    "| deadline | median | 99 % | 99.9 % | longest | late | populations, median / 1 % | candidates, median / 1 % |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `For comparison, in the same run: a thread that counts for ${SPIN_MS} ms on a quiet core, ${spins.length} times.`,
    "",
    "| | median | 99 % | 99.9 % | longest |",
    "|---|---|---|---|---|",
    `| counting | ${cell(spins)} |`,
  ].join("\n");
}
