import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeHistogram } from "../../src/plots/chart.js";
import { withBundleSearch } from "../../src/control/planner-config.js";
import { WorkerPlanningService } from "../../src/control/worker-planning-service.js";
import { whatIsWrongWithRos } from "../../src/ros/environment.js";
import { readManifest } from "../../src/world-model/index.js";
import { markdownTable } from "../markdown-table.js";
import { mean, median, quantile } from "../statistics.js";
import type { Context, Part } from "./context.js";
import { RunningGraph } from "./running-graph.js";

const RATE_HZ = 20;
const PERIOD_MS = 1000 / RATE_HZ;
/** Left for messages and the command. */
const DEADLINE_MS = 0.8 * PERIOD_MS;

interface Answer {
  readonly ms: number;
  readonly iterations: number;
  readonly energy: number;
}

async function run({ bundle, plans, images, say }: Context): Promise<string> {
  const manifest = await readManifest(bundle);
  const wrong = whatIsWrongWithRos();
  const graph = wrong === undefined ? await RunningGraph.start(bundle, [], RATE_HZ) : undefined;
  const rows: { name: string; periods: number; answers: Answer[] }[] = [];
  try {
    const planning = await WorkerPlanningService.start({ bundleDirectory: bundle, planner: withBundleSearch({ kind: "icem" }, manifest) });
    try {
      const image = graph?.image ?? { width: manifest.image.width, height: manifest.image.height, data: new Uint8Array(manifest.image.width * manifest.image.height * 3).fill(120) };
      const goal = await planning.encode(graph?.taskGoal ?? image);
      for (const [name, deadlineMs] of [["no deadline", Infinity], [`deadline ${DEADLINE_MS.toFixed(0)} ms`, DEADLINE_MS]] as const) {
        say(name);
        const answers = await askAtRate(planning, { image, goal, deadlineMs, count: plans, actionDim: manifest.action.names.length, stateDim: manifest.state.names.length });
        rows.push({ name, periods: answers.length, answers: answers.filter((answer) => answer !== undefined) });
      }
    } finally {
      await planning.close();
    }
  } finally {
    await graph?.close();
  }
  if (images !== undefined) {
    await writeHistogram(join(images, "bench-rate.png"), {
      title: `Answers of the planner at ${RATE_HZ} requests a second`, subtitle: "from picture to plan, in its worker; simulator and an idle controller run beside",
      xTitle: "time to the answer (ms)", yTitle: "plans", rules: [{ axis: "x", value: PERIOD_MS, label: "period" }],
      series: rows.map(({ name, answers }) => ({ name, values: answers.map(({ ms }) => ms) })),
    });
  }
  const period = manifest.action.period_s;
  return [
    `The planning worker of the node with the bundle's search, asked ${RATE_HZ} times a second for ${plans} plans with warm starts, from picture to plan; beside it ${
      graph === undefined ? "nothing of ours (ROS 2 is not there)" : `the simulator with ${RATE_HZ} pictures a second and an idle controller`}. Times from the question to the answer in the asking thread, ms.`,
    "",
    markdownTable(["", "median", "99 %", `periods with an answer within ${PERIOD_MS.toFixed(0)} ms`, "iterations", "mean energy of the plans"], rows.map(({ name, periods, answers }) => {
      const ms = answers.map((answer) => answer.ms);
      const within = ms.filter((value) => value <= PERIOD_MS).length / periods;
      return [name, median(ms).toFixed(1), quantile(ms, 0.99).toFixed(1), `${(100 * within).toFixed(1)} %`, mean(answers.map(({ iterations }) => iterations)).toFixed(2), mean(answers.map(({ energy }) => energy)).toFixed(4)];
    })),
    "",
    `The controller does not use this rate with the shipped model: its actions last ${period} s, and a plan made inside of an action would start from a state that the model cannot name (an action half done). What limits the`
    + ` rate of control is the period of the data that the model was trained on, ${(1 / period).toFixed(0)} Hz, not the time of a plan.`,
    ...(images === undefined ? [] : ["", `![answers of the planner at ${RATE_HZ} requests a second](images/bench-rate.png)`]),
  ].join("\n");
}

interface Asked {
  readonly image: { readonly width: number; readonly height: number; readonly data: Uint8Array };
  readonly goal: Float32Array;
  readonly deadlineMs: number;
  readonly count: number;
  readonly actionDim: number;
  readonly stateDim: number;
}

/** Asks at the rate, but not while an answer is on its way, as the controller does: then nothing is asked and the period goes by without an answer. */
async function askAtRate(planning: WorkerPlanningService, { image, goal, deadlineMs, count, actionDim, stateDim }: Asked): Promise<(Answer | undefined)[]> {
  planning.reset(0);
  // Near the middle of the workspace, at rest, the gripper open.
  const state = Float32Array.from({ length: stateDim }, (_, i) => [0.5, 0, 0.2, 0.08][i] ?? 0);
  const committed = new Float32Array(actionDim);
  committed[actionDim - 1] = 1;
  const beginMs = performance.now();
  const answers: (Answer | undefined)[] = [];
  const warmUp = 10;
  let waiting: Promise<void> | undefined;
  for (let i = 0; i < count + warmUp; i++) {
    await sleep(Math.max(0, beginMs + i * PERIOD_MS - performance.now()));
    const at = i - warmUp;
    if (at >= 0) answers.push(undefined);
    if (waiting !== undefined) continue;
    const askedMs = performance.now();
    waiting = planning.plan({ image, state, committed, goal, deadlineMs, shift: i === 0 ? 0 : 1, explorationScale: 1 }).then(({ iterations, energy }) => {
      if (at >= 0) answers[at] = { ms: performance.now() - askedMs, iterations, energy };
      waiting = undefined;
    });
  }
  await waiting;
  return answers;
}

export const RATE: Part = { name: "rate", title: `Plans at ${RATE_HZ} Hz`, run };
