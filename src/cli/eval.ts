import { availableParallelism } from "node:os";
import { join } from "node:path";

import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print, printJson } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { ENVIRONMENT_CHOICES, POLICY_CHOICES, TASK_CHOICES } from "./simulation-choices.js";
import { UsageError } from "./usage-error.js";

import type { Cell } from "../evaluation/cell.js";
import type { CellPlan } from "../evaluation/run-cells.js";

/** Seeds from here on are for final figures; those below were looked at while things were chosen. */
const HELD_OUT_SEEDS = 10_000;

const ORACLE = { planner: { kind: "icem", options: { candidates: 24, iterations: 3, elites: 6, switchedDims: [3] } }, horizon: 8 } as const;

export default defineCommand({
  command: "eval",
  describe: "Measure closed-loop success in the simulator over many seeds, without ROS",
  builder: (yargs) =>
    yargs
      .option("task", { choices: TASK_CHOICES, requiresArg: true, describe: "What to do [default: reach]" })
      .option("object", { choices: ["cube", "cup"] as const, requiresArg: true, describe: "With what, where the task has an object [default: cube]" })
      .option("env", { choices: [...ENVIRONMENT_CHOICES, "noise"] as const, requiresArg: true, describe: "Room; noise is television, flicker and shadows in turn [default: plain]" })
      .option("policy", { choices: POLICY_CHOICES, requiresArg: true, describe: "Who moves the robot; true-perception sees the simulator's truth instead of pictures, oracle plans in the simulator itself [default: jepa]" })
      .option("suite", { type: "boolean", default: false, describe: "All cells of the table; --task, --object, --env and --policy narrow it" })
      .option("episodes", { type: "string", requiresArg: true, default: "200", describe: "Episodes a cell" })
      .option("oracle-episodes", { type: "string", requiresArg: true, default: "20", describe: "Episodes a cell of the oracle, which is slow, in a suite" })
      .option("seeds", { type: "string", alias: "seed", requiresArg: true, default: "0", describe: `Seed of the first episode, or held-out: ${HELD_OUT_SEEDS} (no seed gives a world that training saw)` })
      .option("bundle", BUNDLE_OPTION)
      .option("max-steps", { type: "string", requiresArg: true, describe: "Actions an episode [default: the task's]" })
      .option("method", { choices: ["icem", "cem"] as const, default: "icem" as const, describe: "Planner" })
      .option("candidates", { type: "string", requiresArg: true, describe: "Sequences scored in the first iteration [default: the bundle's, or the planner's]" })
      .option("iterations", { type: "string", requiresArg: true, describe: "Iterations a plan [default: the bundle's, or the planner's]" })
      .option("exploration-floor", { type: "string", requiresArg: true, describe: `Share of the search's width that is left at the goal, above 0 to 1 [default: the bundle's, or ${DEFAULT_EXPLORATION_FLOOR}]` })
      .option("workers", { type: "string", requiresArg: true, default: String(availableParallelism()), describe: "Episodes at once" })
      .option("out", { type: "string", requiresArg: true, describe: "Keep every episode in this folder, and go on from what is there" })
      .option("keep-failures", { type: "string", requiresArg: true, default: "12", describe: "Failures of a cell drawn into failures/ of --out" })
      .option("table", { type: "string", requiresArg: true, describe: "Write all that is in --out as a Markdown table into this file" })
      .option("update-docs", { type: "boolean", default: false, describe: "Put that table into README.md and docs/results.md" })
      .option("json", { type: "string", requiresArg: true, describe: "Write summary and every episode to this file, or the summary to the output with -" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw start against final distances into this file (one cell)" })
      .example("$0 eval --task reach --episodes 200 --json reach.json --png reach.png", "")
      .example("$0 eval --task push --object cup --env unseen --seeds held-out --out runs/push", "")
      .example("$0 eval --suite --seeds held-out --out runs/suite --table table.md", ""),
  handler: async (args) => {
    const whole = (option: string, text: string, min: number, max: number): number => parseNumber(option, text, { min, max, whole: true });
    const episodes = whole("--episodes", args.episodes, 1, 100_000);
    const oracleEpisodes = Math.min(episodes, whole("--oracle-episodes", args.oracleEpisodes, 1, 100_000));
    const firstSeed = args.seeds === "held-out" ? HELD_OUT_SEEDS : whole("--seeds", args.seeds, 0, 2 ** 30 - 100_000);
    const workers = whole("--workers", args.workers, 1, 256);
    const keepFailures = whole("--keep-failures", args.keepFailures, 0, 100_000);
    const givenFloor = args.explorationFloor === undefined ? undefined : parseNumber("--exploration-floor", args.explorationFloor, { min: 0.01, max: 1 });
    const maxSteps = args.maxSteps === undefined ? {} : { maxSteps: whole("--max-steps", args.maxSteps, 1, 10_000) };
    const size = {
      ...(args.candidates === undefined ? {} : { candidates: whole("--candidates", args.candidates, 20, 65536) }),
      ...(args.iterations === undefined ? {} : { iterations: whole("--iterations", args.iterations, 1, 1000) }),
    };
    if (args.out === undefined && (args.suite || args.table !== undefined || args.updateDocs)) {
      throw new UsageError("--suite, --table and --update-docs work on kept results: give their folder with --out");
    }
    const bundleDirectory = findBundleDir(args.bundle);
    const [{ cellName, cellOf, NOISE_FAMILIES, suiteCells }, { runCells }, { ResultsFolder }, { summarise }, { showProgress }, { readManifest }, { withBundleSearch }, { whyPerceptionStays }, { ROOMS_VERSION }, report] = await Promise.all([
      import("../evaluation/cell.js"), import("../evaluation/run-cells.js"), import("../evaluation/results-folder.js"),
      import("../evaluation/summary.js"), import("../../sim/progress.js"), import("../world-model/index.js"),
      import("../control/planner-config.js"), import("../evaluation/true-perception.js"), import("../../sim/environments/index.js"), import("./eval-report.js"),
    ]);
    const environments = args.env === undefined ? undefined : args.env === "noise" ? NOISE_FAMILIES : [args.env];
    const manifest = await readManifest(bundleDirectory);
    const wanted: Cell[] = args.suite
      ? (environments ?? [undefined]).flatMap((environment) => suiteCells({ task: args.task, object: args.object, environment, policy: args.policy }))
      : (environments ?? ["plain" as const]).map((environment) => cellOf(args.task ?? "reach", args.object ?? "cube", environment, args.policy ?? "jepa"));
    // A suite measures what can be measured; who asks for one policy is told.
    const refusal = whyPerceptionStays(manifest);
    if (refusal !== undefined && args.policy === "true-perception") throw new UsageError(refusal);
    const cells = refusal === undefined ? wanted : wanted.filter(({ policy }) => policy !== "true-perception");
    if (cells.length < wanted.length) process.stderr.write(`eval: left out ${wanted.length - cells.length} cells of true-perception: ${refusal}\n`);
    if (cells.length === 0) throw new UsageError("the suite has no cell with this --task, --object, --env and --policy: only the planner with the cube is run outside of the plain room");
    if (args.png !== undefined && cells.length > 1) throw new UsageError(`--png draws one cell, these are ${cells.length}: ${cells.map(cellName).join(", ")}`);

    const planner = withBundleSearch({ kind: args.method, options: size }, manifest);
    const explorationFloor = givenFloor ?? manifest.planning?.exploration_floor ?? DEFAULT_EXPLORATION_FLOOR;
    const settings = {
      bundle: manifest.name, encoder_sha256: manifest.files["encoder.onnx"].sha256, rollout_sha256: manifest.files["rollout.onnx"].sha256,
      ...(manifest.files["proposal.onnx"] === undefined ? {} : { proposal_sha256: manifest.files["proposal.onnx"].sha256 }),
      rooms_version: ROOMS_VERSION, planner, oracle: ORACLE, exploration_floor: explorationFloor, max_steps: args.maxSteps === undefined ? "the task's" : maxSteps.maxSteps,
    };
    const folder = args.out === undefined ? undefined : await ResultsFolder.open(args.out, settings);
    const plans: CellPlan[] = cells.map((cell) => ({ cell, firstSeed, episodes: args.suite && cell.policy === "oracle" ? oracleEpisodes : episodes }));
    const total = plans.reduce((sum, plan) => sum + plan.episodes, 0);
    let progress: ReturnType<typeof showProgress> | undefined;
    const all = await runCells({
      plans, workers, keepFailures, bundleDirectory, planner, oracle: ORACLE, explorationFloor, ...maxSteps,
      reachedBelow: manifest.energy.reached_below,
      ...(folder === undefined ? {} : { folder }),
      onProgress: (done) => {
        progress ??= showProgress("episodes", total, done);
        progress.update(done);
      },
    });
    progress?.end();

    const summaries = all.map((records) => summarise(records));
    const plain = cells.map((cell, i) => ({ ...cell, first_seed: firstSeed, ...summaries[i]! }));
    if (args.json === "-") {
      printJson({ ...settings, cells: plain });
    } else {
      for (const [i, cell] of cells.entries()) print(...(i === 0 ? [] : [""]), ...report.summaryLines(cell, manifest.name, firstSeed, summaries[i]!));
      if (args.json !== undefined) {
        const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
        await writeFileAtomically(args.json, `${JSON.stringify({ ...settings, cells: plain.map((cell, i) => ({ ...cell, results: all[i] })) }, null, 1)}\n`);
      }
    }
    if (args.png !== undefined) await report.writeDistanceChart(args.png, cells[0]!, manifest.name, summaries[0]!, all[0]!);
    if (folder !== undefined && (args.table !== undefined || args.updateDocs)) {
      const [{ resultsTable, updateMarkedTable }, { writeFileAtomically }] = await Promise.all([
        import("../evaluation/results-table.js"), import("../camera/write-file-atomically.js"),
      ]);
      const markdown = resultsTable(await folder.readAll());
      if (args.table !== undefined) await writeFileAtomically(args.table, `${markdown}\n`);
      if (args.updateDocs) for (const file of ["README.md", join("docs", "results.md")]) await updateMarkedTable(join(PROJECT_ROOT, file), markdown);
    }
  },
});
