/**
 * How often the stops on surprise are right: `node dist/bench/surprise.js --bundle models/NAME [--episodes 100] [--seeds 700000] [--json FILE] [--update-docs]`, and
 * `--merge FILE FILE` to make one table of several such files instead of running anything.
 *
 * Each episode runs in closed loop with the stops on: an alarm in it is a false one. From a random period on, shadows of the same monitor see the same
 * world through disturbed pictures: a covered lens, a hand, a moved camera. What they find and how soon is the detection; the arm's way is that of the
 * undisturbed controller, which in a real disturbance would be wrong by the delay that is measured. Goal pictures are looked at before anything moves.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT_ROOT } from "../src/cli/project.js";
import { updateMarkedTable } from "../src/evaluation/results-table.js";
import { oneLine } from "../src/text/one-line.js";
import { benchOptions } from "./bench-options.js";
import { type Counts, merged, readCounts } from "./surprise/counts.js";
import { Measurement } from "./surprise/measurement.js";
import { tables } from "./surprise/tables.js";

const options = benchOptions("surprise")
  .option("bundle", { type: "string", requiresArg: true, describe: "bundle folder, calibrated" })
  .option("episodes", { type: "number", requiresArg: true, default: 100, describe: "normal episodes" })
  .option("seeds", { type: "number", requiresArg: true, default: 700_000, describe: "seed of the first" })
  .option("disturbed", { type: "number", requiresArg: true, describe: "so many of them, the first ones, are looked at through disturbances [default: all]" })
  .option("merge", { type: "string", array: true, requiresArg: true, describe: "files of --json, instead of running anything" })
  .option("json", { type: "string", requiresArg: true, describe: "write the counts to this file" })
  .option("update-docs", { type: "boolean", default: false, describe: "put the tables into docs/surprise.md" })
  .parseSync();

try {
  const counts = options.merge === undefined ? await measure() : merged(await Promise.all(options.merge.map(readCounts)));
  await keep(counts);
  const text = tables(counts);
  process.stdout.write(`${text}\n`);
  if (options.updateDocs) await updateMarkedTable(join(PROJECT_ROOT, "docs", "surprise.md"), text);
} catch (error) {
  process.stderr.write(`surprise: ${oneLine(error)}\n`);
  process.exitCode = 1;
}

async function measure(): Promise<Counts> {
  const { bundle, episodes, seeds, disturbed = episodes } = options;
  if (bundle === undefined) throw new Error("--bundle is missing: give a calibrated bundle's folder, or --merge files of counts");
  for (const [name, value, least] of [["episodes", episodes, 1], ["seeds", seeds, 0], ["disturbed", disturbed, 0]] as const) {
    if (!Number.isInteger(value) || value < least) throw new Error(`--${name} is ${value}: must be a whole number of at least ${least}`);
  }
  const counts = await Measurement.run(bundle, {
    episodes, seeds, disturbed,
    onEpisode: async (soFar) => {
      await keep(soFar);
      process.stderr.write(`\r${soFar.episodes}/${episodes} episodes, ${soFar.alarms.length} with an alarm `);
    },
  });
  process.stderr.write("\n");
  return counts;
}

async function keep(counts: Counts): Promise<void> {
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(counts, null, 1)}\n`);
}
