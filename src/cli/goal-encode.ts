import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { openModel } from "./open-model.js";
import { oneLine, print } from "./print.js";
import { UsageError } from "./usage-error.js";

export default defineCommand({
  command: "encode [name]",
  describe: "Encode a goal, or all, with a bundle, and keep the latents",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", describe: "Name of the goal" })
      .option("all", { type: "boolean", default: false, describe: "All goals" })
      .option("bundle", BUNDLE_OPTION)
      .option("goals-dir", { type: "string" })
      .example("$0 goal encode cup-left", "")
      .example("$0 goal encode --all --bundle models/arm-objects-jepa", ""),
  handler: async (args) => {
    if ((args.name === undefined) !== args.all) {
      throw new UsageError(args.all ? "goal encode takes a NAME or --all, not both" : "goal encode needs a NAME or --all");
    }
    const library = await openLibrary(args.goalsDir);
    const names = args.name === undefined ? (await library.list()).map((entry) => entry.name) : [(await library.get(args.name)).name];
    if (names.length === 0) {
      print(`no goals in ${library.dir}; nothing to encode`);
      return;
    }
    const open = await openModel(args.bundle);
    const failures: string[] = [];
    try {
      for (const name of names) {
        try {
          const { cached } = await library.latent(name, open.key, (image) => open.model.encode(image));
          print(`goal ${name}: ${cached ? "already encoded" : "encoded"} by ${open.key.bundle} (${open.key.dim} values)`);
        } catch (error) {
          // One damaged goal must not keep the others from being encoded.
          failures.push(oneLine(error));
        }
      }
    } finally {
      await open.model.close();
    }
    if (failures.length > 0) {
      throw new Error(`${failures.length} of ${names.length} goals could not be encoded: ${failures.join("; ")}`);
    }
  },
});
