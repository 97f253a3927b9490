import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";

import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { INFERENCE_OPTIONS, inferenceOf } from "./inference-options.js";
import { parseNumber } from "./numbers.js";
import { print, printJson } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { parseSearch, SEARCH_OPTIONS } from "./search-options.js";
import { ROBOT_OPTION, robotArgument } from "./robot-option.js";
import { ALL_TASK_CHOICES, ENVIRONMENT_CHOICES, POLICY_CHOICES, SUITE_CELLS, TASK_CHOICES } from "./simulation-choices.js";
import { UsageError } from "./usage-error.js";

import type { CalibratedBundle } from "../calibration/calibration-file.js";
import type { Cell } from "../evaluation/cell.js";
import type { CellPlan } from "../evaluation/run-cells.js";
import type { Turn } from "../robot/frame-turn.js";

/** Seeds from here on are for final figures; those below were looked at while things were chosen. */
const HELD_OUT_SEEDS = 10_000;

/** Failures of a cell that are drawn, unless it is said. */
const KEPT_FAILURES = 12;

const ORACLE = { planner: { kind: "icem", options: { candidates: 24, iterations: 3, elites: 6, switchedDims: [3] } }, horizon: 8 } as const;

/** Tasks of several things, whose places the oracle does not know: they are measured by name. */
const TASKS_IN_NO_SUITE = ALL_TASK_CHOICES.filter((task) => !TASK_CHOICES.some((inSuite) => inSuite === task));

export default defineCommand({
  command: "eval",
  describe: "Measure closed-loop success in the simulator over many seeds, without ROS",
  builder: (yargs) =>
    yargs
      .option("task", { choices: ALL_TASK_CHOICES, requiresArg: true, describe: "What to do [default: reach]" })
      .option("object", { choices: ["cube", "cup"] as const, requiresArg: true, describe: "With what, where the task has an object [default: cube]" })
      .option("env", { choices: [...ENVIRONMENT_CHOICES, "noise"] as const, requiresArg: true, describe: "Room; seen: drawn at random as in training; unseen: of the held-out family, whose patterns, lights, colours and sizes training never had; noise: television, flicker and shadows in turn [default: plain]" })
      .option("policy", { choices: POLICY_CHOICES, requiresArg: true, describe: "Who moves the robot; true-perception sees the simulator's truth instead of pictures, oracle plans in the simulator itself [default: jepa]" })
      .option("suite", { type: "boolean", default: false, describe: `All ${SUITE_CELLS} cells of the table, without ${TASKS_IN_NO_SUITE.join(" and ")}; --task, --object, --env and --policy narrow it` })
      .option("episodes", { type: "string", requiresArg: true, default: "200", describe: "Episodes a cell" })
      .option("oracle-episodes", { type: "string", requiresArg: true, default: "20", describe: "Episodes a cell of the oracle, which is slow, in a suite" })
      .option("seeds", { type: "string", alias: "seed", requiresArg: true, default: "0", describe: `Seed of the first episode, or held-out: ${HELD_OUT_SEEDS} (no seed gives a world that training saw)` })
      .option("bundle", BUNDLE_OPTION)
      .option("robot", ROBOT_OPTION)
      .option("max-steps", { type: "string", requiresArg: true, describe: "Actions an episode [default: the task's]" })
      .options(SEARCH_OPTIONS)
      .option("exploration-floor", { type: "string", requiresArg: true, describe: `Share of the search's width that is left at the goal, above 0 to 1 [default: the bundle's, or ${DEFAULT_EXPLORATION_FLOOR}]` })
      .option("goals", { choices: ["all", "last"] as const, requiresArg: true, describe: "Pictures of the task that the planner is given: with its sub-goals, or the last one alone [default: all, or last with --chain]" })
      .option("chain", { type: "string", requiresArg: true, describe: "Look for sub-goals in what was lived: a folder of a data set (docs/chain.md)" })
      .option("chain-episodes", { type: "string", requiresArg: true, describe: "Episodes of it that are used [default: all]" })
      .option("camera-turn-deg", { type: "string", requiresArg: true, default: "0", describe: "How far the camera stands round the workspace, counterclockwise from above, degrees" })
      .option("calibration", { type: "string", requiresArg: true, describe: "Camera calibration that the planner is given (a file of jepa-mpc calibrate)" })
      .option("workers", { type: "string", requiresArg: true, default: String(availableParallelism()), describe: "Episodes at once" })
      .option("out", { type: "string", requiresArg: true, describe: "Keep every episode in this folder, and go on from what is there" })
      .option("merge", { type: "string", array: true, requiresArg: true, describe: "First take the episodes that these folders keep into --out" })
      .option("memory", { type: "string", requiresArg: true, describe: "Record the episodes of the policy jepa in this memory, with the simulator's truth (jepa-mpc memory, docs/memory.md)" })
      .option("keep-failures", { type: "string", requiresArg: true, describe: `Failures of a cell drawn into failures/ of --out [default: ${KEPT_FAILURES}]` })
      .option("table", { type: "string", requiresArg: true, describe: "Write all that is in --out as a Markdown table into this file" })
      .option("update-docs", { type: "boolean", default: false, describe: "Put that table into README.md and docs/results.md" })
      .option("json", { type: "string", requiresArg: true, describe: "Write summary and every episode to this file, or the summary to the output with -" })
      .option("png", { type: "string", requiresArg: true, describe: "Draw start against final distances into this file (one cell)" })
      .option("list", { type: "boolean", default: false, describe: "Print the cells and their seeds as JSON, and run nothing" })
      .options(INFERENCE_OPTIONS)
      .example("$0 eval --task reach --episodes 200 --json reach.json --png reach.png", "")
      .example("$0 eval --task push --object cup --env unseen --seeds held-out --out runs/push", "")
      .example("$0 eval --suite --seeds held-out --out runs/suite --table table.md", ""),
  handler: async (args) => {
    const whole = (option: string, text: string, min: number, max: number): number => parseNumber(option, text, { min, max, whole: true });
    const episodes = whole("--episodes", args.episodes, 1, 100_000);
    const oracleEpisodes = Math.min(episodes, whole("--oracle-episodes", args.oracleEpisodes, 1, 100_000));
    const firstSeed = args.seeds === "held-out" ? HELD_OUT_SEEDS : whole("--seeds", args.seeds, 0, 2 ** 30 - 100_000);
    const workers = whole("--workers", args.workers, 1, 256);
    const keepFailures = args.keepFailures === undefined ? KEPT_FAILURES : whole("--keep-failures", args.keepFailures, 0, 100_000);
    const givenFloor = args.explorationFloor === undefined ? undefined : parseNumber("--exploration-floor", args.explorationFloor, { min: 0.01, max: 1 });
    const maxSteps = args.maxSteps === undefined ? {} : { maxSteps: whole("--max-steps", args.maxSteps, 1, 10_000) };
    const search = parseSearch(args);
    if (args.suite && TASKS_IN_NO_SUITE.some((task) => task === args.task)) throw new UsageError(`--task ${args.task!} is in no suite: leave --suite out`);
    // A list is asked for with the options of the run that it is for.
    if (args.out === undefined && !args.list && args.keepFailures !== undefined) throw new UsageError(`--keep-failures ${keepFailures} needs --out DIR`);
    if (args.out === undefined && !args.list && (args.suite || args.table !== undefined || args.updateDocs || args.merge !== undefined)) {
      throw new UsageError("--suite, --table, --update-docs and --merge work on kept results: give their folder with --out");
    }
    const cameraTurnRad = (parseNumber("--camera-turn-deg", args.cameraTurnDeg, { min: -180, max: 180 }) * Math.PI) / 180;
    const inference = inferenceOf(args);
    if (args.chain !== undefined && args.goals === "all") throw new UsageError("--chain finds the sub-goals itself: leave --goals all out");
    if (args.chain !== undefined && args.policy !== undefined && args.policy !== "jepa") throw new UsageError(`--chain is for the policy jepa, not ${args.policy}`);
    if (args.chain === undefined && args.chainEpisodes !== undefined) throw new UsageError("--chain-episodes needs --chain DIR");
    const chain = args.chain === undefined ? undefined : {
      folder: resolve(args.chain), ...(args.chainEpisodes === undefined ? {} : { episodes: whole("--chain-episodes", args.chainEpisodes, 1, 1_000_000) }),
    };
    const goals = args.goals ?? (chain === undefined ? "all" : "last");
    const bundleDirectory = findBundleDir(args.bundle);
    const [{ cellName, cellOf, NOISE_FAMILIES, suiteCells }, { runCells }, { ResultsFolder }, { summarise }, { showProgress }, { bundleIdentity, graphSha256, readManifest }, { withBundleSearch }, { whyPerceptionStays }, { ROOMS_VERSION }, { findRobot }, { TASKS }, report] = await Promise.all([
      import("../evaluation/cell.js"), import("../evaluation/run-cells.js"), import("../evaluation/results-folder.js"),
      import("../evaluation/summary.js"), import("../../sim/progress.js"), import("../world-model/index.js"),
      import("../control/planner-config.js"), import("../evaluation/true-perception.js"), import("../../sim/environments/index.js"), import("../robot/find-robot.js"), import("../../sim/tasks.js"), import("./eval-report.js"),
    ]);
    const described = args.robot === undefined || args.robot === "fr3" ? undefined : findRobot(args.robot).description;
    const robot = described?.name;
    if (robot !== undefined) {
      const foreign = ([["--suite", args.suite], ["--camera-turn-deg", cameraTurnRad !== 0], ["--calibration", args.calibration !== undefined], ["--update-docs", args.updateDocs],
        ["--policy oracle", args.policy === "oracle"], ["--policy true-perception", args.policy === "true-perception"]] as const).find(([, given]) => given);
      if (foreign !== undefined) throw new UsageError(`${foreign[0]} is for the demo arm: leave it out with --robot ${robot}`);
    }
    const environments = args.env === undefined ? undefined : args.env === "noise" ? NOISE_FAMILIES : [args.env];
    const manifest = await readManifest(bundleDirectory);
    const modelTurn = args.calibration === undefined ? undefined : await calibratedTurn(args.calibration, bundleIdentity(manifest));
    const wanted: Cell[] = args.suite
      ? (environments ?? [undefined]).flatMap((environment) => suiteCells({ task: args.task, object: args.object, environment, policy: args.policy }))
      : (environments ?? ["plain" as const]).map((environment) => cellOf(args.task ?? "reach", args.object ?? "cube", environment, args.policy ?? "jepa"));
    // A suite measures what can be measured; who asks for one policy is told.
    const refusal = whyPerceptionStays(manifest);
    if (refusal !== undefined && args.policy === "true-perception") throw new UsageError(refusal);
    const cells = refusal === undefined ? wanted : wanted.filter(({ policy }) => policy !== "true-perception");
    if (cells.length < wanted.length) process.stderr.write(`eval: left out ${wanted.length - cells.length} cells of true-perception: ${refusal}\n`);
    // A worker has one world.
    const scenes = new Set(cells.map(({ task }) => TASKS[task].scene ?? "table"));
    const [scene = "table"] = scenes;
    if (scenes.size > 1) throw new UsageError("tasks of different scenes cannot be run together; name one with --task");
    const several = cells.find(({ task, policy }) => (policy === "oracle" && (task === "tidy" || task === "clear-table")) || (policy === "true-perception" && task === "clear-table"));
    if (several !== undefined) throw new UsageError(`the policy ${several.policy} does not know the things of ${several.task}; take jepa, persistence or random`);
    if (cells.length === 0) throw new UsageError("the suite has no cell with this --task, --object, --env and --policy: only the planner with the cube is run outside of the plain room");
    if (args.png !== undefined && cells.length > 1) throw new UsageError(`--png draws one cell, these are ${cells.length}: ${cells.map(cellName).join(", ")}`);

    const planner = withBundleSearch(search, manifest);
    const explorationFloor = givenFloor ?? manifest.planning?.exploration_floor ?? DEFAULT_EXPLORATION_FLOOR;
    const identity = bundleIdentity(manifest);
    const settings = {
      bundle: identity.name, encoder_sha256: identity.encoderSha256, rollout_sha256: identity.rolloutSha256,
      ...(manifest.files["proposal.onnx"] === undefined ? {} : { proposal_sha256: graphSha256(manifest.files["proposal.onnx"]) }),
      // A table pools what its folder holds.
      seeds: firstSeed < HELD_OUT_SEEDS ? "before the held-out" : "held-out",
      rooms_version: ROOMS_VERSION, planner, oracle: ORACLE, exploration_floor: explorationFloor, max_steps: args.maxSteps === undefined ? "the task's" : maxSteps.maxSteps,
      ...(robot === undefined ? {} : { robot }),
      ...(goals === "all" ? {} : { goals }), ...(chain === undefined ? {} : { chain }),
      ...(cameraTurnRad === 0 ? {} : { camera_turn_rad: cameraTurnRad }), ...(modelTurn === undefined ? {} : { model_turn: modelTurn }),
      // Another machine's arithmetic may differ in the last digits.
      ...(inference === undefined ? {} : { inference: "server" }),
    };
    const plans: CellPlan[] = cells.map((cell) => ({ cell, firstSeed, episodes: args.suite && cell.policy === "oracle" ? oracleEpisodes : episodes }));
    if (args.list) {
      printJson({ ...settings, cells: plans.map((plan) => ({ name: cellName(plan.cell), ...plan.cell, first_seed: plan.firstSeed, episodes: plan.episodes })) });
      return;
    }
    const folder = args.out === undefined ? undefined : await ResultsFolder.open(args.out, settings);
    for (const other of args.merge ?? []) await folder!.take(other);
    const total = plans.reduce((sum, plan) => sum + plan.episodes, 0);
    let progress: ReturnType<typeof showProgress> | undefined;
    const all = await runCells({
      plans, workers, keepFailures, bundleDirectory, planner, oracle: ORACLE, explorationFloor, ...maxSteps, cameraTurnRad, goals, scene, ...(chain === undefined ? {} : { chain }), ...(robot === undefined ? {} : { robot: robotArgument(args.robot!) }), ...(modelTurn === undefined ? {} : { modelTurn }),
      ...(inference === undefined ? {} : { inference }), ...(args.memory === undefined ? {} : { memory: resolve(args.memory) }),
      reachedBelow: manifest.energy.reached_below,
      ...(folder === undefined ? {} : { folder }),
      onProgress: (done) => {
        progress ??= showProgress("episodes", total, done);
        progress.update(done);
      },
    });
    progress?.end();
    if (args.memory !== undefined) {
      const { MemoryIndex } = await import("../memory/memory-index.js");
      await MemoryIndex.open(resolve(args.memory));
    }

    const summaries = all.map((records) => summarise(records, described));
    const plain = cells.map((cell, i) => ({ ...cell, first_seed: firstSeed, ...summaries[i]! }));
    if (args.json === "-") {
      printJson({ ...settings, cells: plain });
    } else {
      for (const [i, cell] of cells.entries()) print(...(i === 0 ? [] : [""]), ...report.summaryLines(cell, manifest.name, firstSeed, summaries[i]!, described));
      if (args.json !== undefined) {
        const { writeFileAtomically } = await import("../camera/write-file-atomically.js");
        await writeFileAtomically(args.json, `${JSON.stringify({ ...settings, cells: plain.map((cell, i) => ({ ...cell, results: all[i] })) }, null, 1)}\n`);
      }
    }
    if (args.png !== undefined) await report.writeDistanceChart(args.png, cells[0]!, manifest.name, summaries[0]!, all[0]!, described);
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

/** What a calibration says of the model's axes. @throws Error with one line when it cannot be read or is of another bundle. */
async function calibratedTurn(file: string, bundle: CalibratedBundle): Promise<Turn> {
  const { checkCalibration, readCalibration, turnOf } = await import("../calibration/index.js");
  const calibration = await readCalibration(file);
  checkCalibration(calibration, file, bundle);
  return turnOf(calibration);
}
