import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print } from "./print.js";
import { TASK_CHOICES } from "./simulation-choices.js";
import { UsageError } from "./usage-error.js";

import type { RecordedRun } from "../evaluation/recorded-run.js";

/** Far from those that results are made with. */
const FIRST_SEED = 500_000;

export default defineCommand({
  command: "calibrate",
  describe: "Find what is normal in runs that went well, and write the thresholds into the bundle's manifest",
  builder: (yargs) =>
    yargs
      .option("bundle", BUNDLE_OPTION)
      .option("runs", { type: "string", array: true, requiresArg: true, describe: "Files of recorded runs [default: runs them in the simulator]" })
      .option("record", { type: "string", requiresArg: true, describe: "Keep the simulator's runs in this file, one a line, and leave the bundle as it is" })
      .option("task", { choices: TASK_CHOICES, array: true, requiresArg: true, describe: "Tasks that are done in turn [default: reach, grasp]" })
      .option("episodes", { type: "string", requiresArg: true, default: "200", describe: "Episodes in the simulator" })
      .option("seeds", { type: "string", requiresArg: true, default: String(FIRST_SEED), describe: "Seed of the first episode" })
      .option("max-steps", { type: "string", requiresArg: true, describe: "Actions an episode [default: the task's]" })
      .option("alpha", { type: "string", requiresArg: true, default: "0.05", describe: "False alarms a normal run, at most" })
      .option("source", { type: "string", requiresArg: true, describe: "Which runs these are, for the manifest [default: the simulator's tasks and seeds, or the files]" })
      .option("dry-run", { type: "boolean", default: false, describe: "Only print the thresholds" })
      .example("$0 surprise calibrate --bundle models/mine", "")
      .example("$0 surprise calibrate --bundle models/mine --runs monday.jsonl tuesday.jsonl --alpha 0.1", "with runs of your robot"),
  handler: async (args) => {
    const alpha = parseNumber("--alpha", args.alpha, { min: 0.001, max: 0.5 });
    const episodes = parseNumber("--episodes", args.episodes, { min: 1, max: 100_000, whole: true });
    const firstSeed = parseNumber("--seeds", args.seeds, { min: 0, max: 2 ** 30 - 100_000, whole: true });
    const maxSteps = args.maxSteps === undefined ? {} : { maxSteps: parseNumber("--max-steps", args.maxSteps, { min: 1, max: 10_000, whole: true }) };
    if (args.runs !== undefined && args.record !== undefined) throw new UsageError("--record keeps the simulator's runs, --runs takes kept ones: give one of them");
    const bundleDirectory = findBundleDir(args.bundle);
    const tasks = args.task ?? (["reach", "grasp"] as const);
    const [{ calibrationRun, formatRun, parseRuns }, { calibrateSurprise }, { armEntries, surpriseSection }, { parseManifest, readManifest }, { writeFileAtomically }] = await Promise.all([
      import("../evaluation/recorded-run.js"), import("../surprise/index.js"), import("../control/surprise-reference.js"), import("../world-model/index.js"),
      import("../camera/write-file-atomically.js"),
    ]);
    const manifest = await readManifest(bundleDirectory);
    const runs: RecordedRun[] = [];
    if (args.runs === undefined) {
      const [{ SurpriseEpisodes }, { showProgress }] = await Promise.all([import("../evaluation/surprise-episodes.js"), import("../../sim/progress.js")]);
      const simulator = await SurpriseEpisodes.create(bundleDirectory);
      const progress = showProgress("episodes", episodes, 0);
      try {
        for (let i = 0; i < episodes; i++) {
          const task = tasks[i % tasks.length]!;
          const seed = firstSeed + i;
          const { success, run } = await simulator.run({ task, seed, ...maxSteps });
          runs.push(...parseRuns(formatRun(run, { success, name: `${task} ${seed}` }), "simulator", simulator.model.latentDim, simulator.model.stateDim));
          progress.update(i + 1);
        }
      } finally {
        progress.end();
        await simulator.close();
      }
    } else {
      for (const file of args.runs) {
        runs.push(...parseRuns(await readFile(file, "utf8"), file, manifest.latent.shape[0]!, manifest.state.names.length));
      }
    }
    const good = runs.filter(({ success }) => success);
    if (args.record !== undefined) {
      await writeFileAtomically(args.record, runs.map((run) => `${JSON.stringify(run)}\n`).join(""));
      print(`${runs.length} runs in ${args.record}, ${good.length} of them went well`);
      return;
    }
    const source = args.source ?? (args.runs === undefined
      ? `simulator, plain room: ${tasks.join(", ")}; seeds ${firstSeed} to ${firstSeed + episodes - 1}; ${good.length} of ${runs.length} runs went well`
      : `${args.runs.join(", ")}; ${good.length} of ${runs.length} runs went well`);
    const calibration = calibrateSurprise(good.map(calibrationRun), { alpha, armEntries: armEntries(manifest) });
    const section = surpriseSection(manifest, calibration, { source, created: new Date().toISOString().slice(0, 10), alpha });
    print(
      `${good.length} of ${runs.length} runs went well: ${section.fit_runs} say what is usual, ${section.threshold_runs} set the thresholds`,
      `at most ${100 * alpha} % of normal runs have a false alarm`,
      ...(["prediction", "arm", "picture", "energy", "goal"] as const).map((detector) => {
        const limit = section[detector];
        if (limit === undefined) return `${detector}: not watched, the bundle or the runs say nothing of it`;
        return `${detector}: above ${limit.threshold.toPrecision(3)}${"frames" in limit ? ` in ${limit.frames} pictures in a row` : ""}`;
      }),
    );
    if (args.dryRun) return;
    const file = join(bundleDirectory, "manifest.json");
    const text = `${JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")) as object, surprise: section }, null, 2)}\n`;
    parseManifest(text, manifest.name);
    await writeFileAtomically(file, text);
    print(`written into ${file}`);
  },
});
