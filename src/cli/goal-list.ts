import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { stepText } from "./goal-sequence-add.js";
import { minute, print, printJson, table } from "./print.js";

export default defineCommand({
  command: "list",
  describe: "List the goals and the sequences",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal list", "")
      .example("$0 goal list --json", "for programs"),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    const [entries, sequences] = await Promise.all([library.list(), library.sequences.list()]);
    if (args.json) {
      printJson({
        dir: library.dir,
        goals: entries.map((entry) => "goal" in entry ? { ...entry.goal, created: entry.goal.created.toISOString() } : entry),
        sequences: sequences.map((entry) => "sequence" in entry ? { ...entry.sequence, created: entry.sequence.created.toISOString() } : entry),
      });
      return;
    }
    if (entries.length + sequences.length === 0) {
      print(`no goals in ${library.dir}; add one with: jepa-mpc goal add NAME FILE`);
      return;
    }
    print(...table([
      ["NAME", "SIZE", "CREATED (UTC)", "SOURCE"],
      ...entries.map((entry) => "goal" in entry
        ? [entry.name, `${entry.goal.width}x${entry.goal.height}`, minute(entry.goal.created), entry.goal.gripper === undefined ? entry.goal.source : `${entry.goal.source}, gripper ${entry.goal.gripper}`]
        : [entry.name, "damaged", "", entry.problem]),
      ...sequences.map((entry) => "sequence" in entry
        ? [entry.name, "sequence", minute(entry.sequence.created), entry.sequence.steps.map(stepText).join(", ")]
        : [entry.name, "damaged", "", entry.problem]),
    ]));
  },
});
