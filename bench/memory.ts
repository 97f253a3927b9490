/**
 * What memory is worth: `node dist/bench/memory.js --bundle models/NAME [--part changed|repeats] [--task TASK …] [--episodes 20] [--json FILE] [--update-docs]`, and
 * `--merge FILE FILE` to make the tables of several such files instead of running anything.
 *
 * Changed robots work with and without the online correction; the same tasks are repeated with and without remembered plans. Planners have their fixed number of
 * iterations, so that success and steps do not depend on how busy the machine is; plan times do.
 */
import { join } from "node:path";

import { ROBOT_CHANGES } from "../sim/robot-changes.js";
import { TASK_NAMES } from "../sim/tasks.js";
import { writeFileAtomically } from "../src/camera/write-file-atomically.js";
import { PROJECT_ROOT } from "../src/cli/project.js";
import { SurpriseEpisodes } from "../src/evaluation/surprise-episodes.js";
import { writeBetweenMarkers } from "../src/evaluation/write-between-markers.js";
import { oneLine } from "../src/text/one-line.js";
import { benchOptions } from "./bench-options.js";
import { measureChanged } from "./memory/changed.js";
import { measureRepeats } from "./memory/repeats.js";
import { type MemoryResults, merged, readResults } from "./memory/results.js";
import { tables } from "./memory/tables.js";

const CHANGES = ["none", ...ROBOT_CHANGES] as const;

const options = benchOptions("memory")
  .option("bundle", { type: "string", requiresArg: true, describe: "bundle folder" })
  .option("part", { choices: ["changed", "repeats"] as const, array: true, requiresArg: true, default: ["changed", "repeats"] as const, describe: "what to measure" })
  .option("task", { choices: TASK_NAMES, array: true, requiresArg: true, default: ["reach", "grasp"] as const, describe: "with what" })
  .option("change", { choices: CHANGES, array: true, requiresArg: true, default: CHANGES, describe: "which robots" })
  .option("episodes", { type: "number", requiresArg: true, default: 20, describe: "episodes of each kind, repeats of each task" })
  .option("lives", { type: "number", requiresArg: true, default: 4, describe: "changed robots of each kind" })
  .option("seeds", { type: "number", requiresArg: true, default: 900_000, describe: "seed of the first scene" })
  .option("merge", { type: "string", array: true, requiresArg: true, describe: "files of --json, instead of running anything" })
  .option("json", { type: "string", requiresArg: true, describe: "write the results to this file" })
  .option("update-docs", { type: "boolean", default: false, describe: "put the tables into docs/memory.md" })
  .parseSync();

try {
  const results = options.merge === undefined ? await measure() : merged(await Promise.all(options.merge.map(readResults)));
  const text = tables(results);
  process.stdout.write(`${text}\n`);
  if (options.updateDocs) await writeBetweenMarkers(join(PROJECT_ROOT, "docs", "memory.md"), "memory-use", text);
} catch (error) {
  process.stderr.write(`memory: ${oneLine(error)}\n`);
  process.exitCode = 1;
}

async function measure(): Promise<MemoryResults> {
  const { bundle, part, task: tasks, change: changes, episodes, lives, seeds } = options;
  if (bundle === undefined) throw new Error("--bundle is missing: give a bundle's folder, or --merge files of results");
  for (const [name, value, least] of [["episodes", episodes, 1], ["lives", lives, 1], ["seeds", seeds, 0]] as const) {
    if (!Number.isInteger(value) || value < least) throw new Error(`--${name} is ${value}: must be a whole number of at least ${least}`);
  }
  const results: MemoryResults = { changed: [], repeats: [] };
  const simulator = await SurpriseEpisodes.create(bundle);
  try {
    for (const task of tasks) {
      for (const change of part.includes("changed") ? changes : []) {
        for (const adapted of [false, true]) {
          results.changed.push(await measureChanged(simulator, { change, task, adapted, episodes, lives, firstSeed: seeds, onEpisode: () => process.stderr.write(".") }));
          await keep(results);
        }
      }
      for (const memory of part.includes("repeats") ? [false, true] : []) {
        results.repeats.push(await measureRepeats(simulator, { task, memory, repeats: episodes, seed: seeds + 50, onEpisode: () => process.stderr.write(".") }));
        await keep(results);
      }
    }
  } finally {
    await simulator.close();
    process.stderr.write("\n");
  }
  return results;
}

/** After each kind: an interrupted run is not lost. */
async function keep(results: MemoryResults): Promise<void> {
  if (options.json !== undefined) await writeFileAtomically(options.json, `${JSON.stringify(results)}\n`);
}
