import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { print } from "./print.js";

export default defineCommand({
  command: "remove <name>",
  describe: "Remove a goal with its picture and latents",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the goal" })
      .option("force", { type: "boolean", default: false, describe: "Also when a sequence needs it" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal remove cup-left", ""),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    await library.remove(args.name, { force: args.force });
    print(`goal ${args.name} removed from ${library.dir}`);
  },
});
