import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { print } from "./print.js";

export default defineCommand({
  command: "remove <name>",
  describe: "Remove a sequence; its goals stay",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the sequence" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal sequence remove tidy-up", ""),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    await library.sequences.remove(args.name);
    print(`sequence ${args.name} removed from ${library.dir}; its goals are still there`);
  },
});
