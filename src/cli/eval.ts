import { availableParallelism } from "node:os";

import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print, printJson, table } from "./print.js";

import type { EpisodeResult } from "../evaluation/episode.js";
import type { Summary } from "../evaluation/evaluate.js";

const TASKS = ["reach", "push"] as const;

export default defineCommand({
  command: "eval",
  describe: "Measure closed-loop success in the simulator over many seeds, without ROS",
  builder: (yargs) =>
    yargs
      .option("task", { choices: TASKS, default: "reach" as const, describe: "What to do" })
      .option("episodes", { type: "string", requiresArg: true, default: "200", describe: "Episodes" })
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "Seed of the first episode; the others follow (no seed gives a world that training saw)" })
      .option("bundle", BUNDLE_OPTION)
      .option("max-steps", { type: "string", requiresArg: true, describe: "Actions an episode [default: reach 25, push 40]" })
      .option("method", { choices: ["icem", "cem"] as const, default: "icem" as const, describe: "Planner" })
      .option("candidates", { type: "string", requiresArg: true, describe: "Sequences scored in the first iteration [default: the planner's]" })
      .option("iterations", { type: "string", requiresArg: true, describe: "Iterations a plan [default: the planner's]" })
      .option("exploration-floor", { type: "string", requiresArg: true, default: String(DEFAULT_EXPLORATION_FLOOR), describe: "Share of the search's width that is left at the goal, above 0 to 1" })
      .option("workers", { type: "string", requiresArg: true, default: String(availableParallelism()), describe: "Episodes at once" })
      .option("json", { type: "string", requiresArg: true, describe: "Write summary and every episode to this file, or the summary to the output with -" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw start against final distances into this file" })
      .example("$0 eval --task reach --episodes 200 --json reach.json --png reach.png", "")
      .example("$0 eval --task push --episodes 40 --seed 1000", ""),
  handler: async (args) => {
    const episodes = parseNumber("--episodes", args.episodes, { min: 1, max: 100_000, whole: true });
    const firstSeed = parseNumber("--seed", args.seed, { min: 0, max: 2 ** 30 - 100_000, whole: true });
    const workers = parseNumber("--workers", args.workers, { min: 1, max: 256, whole: true });
    const explorationFloor = parseNumber("--exploration-floor", args.explorationFloor, { min: 0.01, max: 1 });
    const maxSteps = args.maxSteps === undefined ? (args.task === "reach" ? 25 : 40) : parseNumber("--max-steps", args.maxSteps, { min: 1, max: 10_000, whole: true });
    const size = {
      ...(args.candidates === undefined ? {} : { candidates: parseNumber("--candidates", args.candidates, { min: 20, max: 65536, whole: true }) }),
      ...(args.iterations === undefined ? {} : { iterations: parseNumber("--iterations", args.iterations, { min: 1, max: 1000, whole: true }) }),
    };
    const bundleDirectory = findBundleDir(args.bundle);
    const [{ evaluate, summarise }, { showProgress }, { readManifest }] = await Promise.all([
      import("../evaluation/evaluate.js"), import("../../sim/progress.js"), import("../world-model/index.js"),
    ]);
    const manifest = await readManifest(bundleDirectory);
    const progress = showProgress("episodes", episodes);
    let done = 0;
    const results = await evaluate({
      bundleDirectory, task: args.task, firstSeed, episodes, workers, maxSteps, explorationFloor,
      planner: { kind: args.method, options: size },
      onEpisode: () => { progress.update(++done); },
    });
    progress.end();
    const summary = summarise(results.values());
    const report = {
      task: args.task, bundle: manifest.name, encoder_sha256: manifest.files["encoder.onnx"].sha256,
      first_seed: firstSeed, max_steps: maxSteps, planner: { method: args.method, exploration_floor: explorationFloor, ...size }, ...summary,
    };
    if (args.json === "-") {
      printJson(report);
    } else {
      print(...lines(args.task, manifest.name, firstSeed, maxSteps, summary));
      if (args.json !== undefined) {
        const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
        await writeFileAtomically(args.json, `${JSON.stringify({ ...report, results: [...results].map(plain) }, null, 1)}\n`);
      }
    }
    if (args.png !== undefined) await draw(args.png, args.task, manifest.name, summary, [...results.values()]);
  },
});

function lines(task: string, bundle: string, firstSeed: number, maxSteps: number, s: Summary): string[] {
  const cm = (metres: number): string => `${(100 * metres).toFixed(1)} cm`;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return table([
    ["task", `${task}, bundle ${bundle}, ${s.episodes} episodes from seed ${firstSeed}, at most ${maxSteps} steps`],
    ["success", `${percent(s.success_rate)} (${s.successes} of ${s.episodes}; 95 % Wilson interval ${percent(s.wilson_95[0])} to ${percent(s.wilson_95[1])})`],
    ["start distance", `${cm(s.start_distance_m.min)} to ${cm(s.start_distance_m.max)}, median ${cm(s.start_distance_m.median)}`],
    ["final distance", `median ${cm(s.final_distance_m.median)}, 95 % within ${cm(s.final_distance_m.p95)}, largest ${cm(s.final_distance_m.max)}`],
    ["nearest on the way", `median ${cm(s.best_distance_m.median)}`],
    ["steps", `median ${s.steps.median}, most ${s.steps.max}`],
    ["declared reached", `${s.declared_reached} of ${s.episodes}`],
    ["plan time", `median ${s.plan_ms.median.toFixed(0)} ms, 99th percentile ${s.plan_ms.p99.toFixed(0)} ms`],
  ]);
}

function plain([seed, r]: [number, EpisodeResult]): object {
  return {
    seed, success: r.success, start_distance_m: r.startDistanceM, final_distance_m: r.finalDistanceM, best_distance_m: r.bestDistanceM,
    steps: r.steps, ended: r.ended, energies: r.energies, distances_m: r.distancesM,
  };
}

async function draw(file: string, task: string, bundle: string, s: Summary, results: readonly EpisodeResult[]): Promise<void> {
  const { writeScatter } = await import("../plots/chart.js");
  const points = (success: boolean): (readonly [number, number])[] =>
    results.filter((r) => r.success === success).map((r) => [100 * r.startDistanceM, 100 * r.finalDistanceM] as const);
  await writeScatter(file, {
    title: `${task}: ${s.successes} of ${s.episodes} within 3 cm`,
    subtitle: `bundle ${bundle}; 95 % Wilson interval ${(100 * s.wilson_95[0]).toFixed(1)} to ${(100 * s.wilson_95[1]).toFixed(1)} %`,
    xTitle: "start distance (cm)", yTitle: "final distance (cm)",
    series: [{ name: "reached", points: points(true) }, { name: "missed", points: points(false) }].filter((series) => series.points.length > 0),
    rules: [{ axis: "y", value: 3, label: "tolerance" }],
  });
}
