import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { print, printJson, shortNumber, table } from "./print.js";

export default defineCommand({
  command: "show <name>",
  describe: "Show the goals of a sequence, and check that they are there",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the sequence" })
      .option("png", { type: "string", requiresArg: true, describe: "Also draw the pictures side by side into this file" })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal sequence show tidy-up --png strip.png", ""),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    const sequence = await library.sequences.get(args.name);
    const missing = await library.sequences.missing(sequence);
    if (args.json) {
      printJson({ ...sequence, created: sequence.created.toISOString(), missing });
    } else {
      print(...table([["name", sequence.name], ["created", sequence.created.toISOString()], ["folder", sequence.folder]]), "");
      print(...table([
        ["", "GOAL", "TOLERANCE", "PICTURE", "SOURCE"],
        ...(await Promise.all(sequence.steps.map(async ({ goal: name, tolerance }, i) => {
          const told = [String(i + 1), name, tolerance === undefined ? "" : shortNumber(tolerance)];
          if (missing.includes(name)) return [...told, "missing", ""];
          const goal = await library.get(name);
          return [...told, `${goal.width}x${goal.height}${goal.gripper === undefined ? "" : `, gripper ${goal.gripper}`}`, goal.source];
        }))),
      ]));
    }
    if (args.png !== undefined) {
      const { writeStrip } = await import("../plots/strip.js");
      const pictures = await Promise.all((await library.steps(args.name)).map(async ({ goal, tolerance }, i) => ({
        caption: `${i + 1} ${goal}${tolerance === undefined ? "" : `\nbelow ${shortNumber(tolerance)}`}`, image: await library.image(goal),
      })));
      await writeStrip(args.png, pictures, { title: `Sequence ${sequence.name}` });
    }
  },
});
