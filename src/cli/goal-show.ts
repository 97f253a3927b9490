import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { print, printJson, table } from "./print.js";

export default defineCommand({
  command: "show <name>",
  describe: "Show what is known about a goal, and check its picture",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the goal" })
      .option("png", { type: "string", requiresArg: true, describe: "Also write the picture to this file" })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal show cup-left", "")
      .example("$0 goal show cup-left --png look.png", ""),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    const { goal, image } = await library.read(args.name);
    const latents = await library.latentFiles(goal);
    if (args.png !== undefined) {
      const { writePngFile } = await import("../camera/files.js");
      await writePngFile(args.png, image);
    }
    if (args.json) {
      printJson({ ...goal, created: goal.created.toISOString(), latents });
      return;
    }
    print(...table([
      ["name", goal.name],
      ["picture", `${goal.width}x${goal.height}, whole`],
      ...(goal.gripper === undefined ? [] : [["gripper", `${goal.gripper}, whatever the picture shows`]]),
      ["created", goal.created.toISOString()],
      ["source", goal.source],
      ["folder", goal.folder],
      ["sha256", goal.sha256],
      ["latents", latents.length === 0 ? `none; make one with: jepa-mpc goal encode ${goal.name}` : latents.join(", ")],
      ...(args.png === undefined ? [] : [["written", args.png]]),
    ]));
  },
});
