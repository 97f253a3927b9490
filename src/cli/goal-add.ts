import { resolve } from "node:path";

import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { print } from "./print.js";

export default defineCommand({
  command: "add <name> <file>",
  describe: "Keep a PNG or JPEG picture as a goal",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the goal" })
      .positional("file", { type: "string", demandOption: true, describe: "The picture" })
      .option("replace", { type: "boolean", default: false, describe: "Take the place of a goal of this name" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal add cup-left cup.png", "keep cup.png as the goal cup-left"),
  handler: async (args) => {
    const [library, { readImageFile }, { checkGoalName }] =
      await Promise.all([openLibrary(args.goalsDir), import("../camera/files.js"), import("../goals/goal-name.js")]);
    // The name first: nobody should wait for a picture whose name will be refused.
    const name = checkGoalName(args.name);
    const goal = await library.add(name, await readImageFile(args.file), resolve(args.file), { replace: args.replace });
    print(`goal ${goal.name}: ${goal.width}x${goal.height} picture kept in ${goal.folder}`);
  },
});
