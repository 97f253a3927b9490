import { defineCommand } from "./command.js";
import { stepText } from "./goal-sequence-add.js";
import { openLibrary } from "./open-library.js";
import { minute, print, printJson, table } from "./print.js";

export default defineCommand({
  command: "list",
  describe: "List the sequences",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal sequence list", ""),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    const entries = await Promise.all((await library.sequences.list()).map(async (entry) =>
      "sequence" in entry ? { ...entry, missing: await library.sequences.missing(entry.sequence) } : entry));
    if (args.json) {
      printJson({
        dir: library.dir,
        sequences: entries.map((entry) => "sequence" in entry ? { ...entry.sequence, created: entry.sequence.created.toISOString(), missing: entry.missing } : entry),
      });
      return;
    }
    if (entries.length === 0) {
      print(`no sequences in ${library.dir}; add one with: jepa-mpc goal sequence add NAME GOAL,GOAL`);
      return;
    }
    print(...table([
      ["NAME", "CREATED (UTC)", "GOALS"],
      ...entries.map((entry) => "sequence" in entry
        ? [entry.name, minute(entry.sequence.created), entry.sequence.steps.map(stepText).join(", ") + (entry.missing.length === 0 ? "" : ` (missing: ${entry.missing.join(", ")})`)]
        : [entry.name, "damaged", entry.problem]),
    ]));
  },
});
