import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { openLibrary } from "./open-library.js";
import { openModel, restActions } from "./open-model.js";
import { latentOf, readPictureArgument } from "./picture-argument.js";
import { print, printJson, shortNumber, table } from "./print.js";

export default defineCommand({
  command: "compare <a> <b>",
  describe: "Say how far two pictures are from each other in the model's latent space",
  builder: (yargs) =>
    yargs
      .positional("a", { type: "string", demandOption: true, describe: "A goal's name or a picture file" })
      .positional("b", { type: "string", demandOption: true, describe: "A goal's name or a picture file" })
      .option("bundle", BUNDLE_OPTION)
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal compare cup-left now.png", "")
      .example("$0 goal compare cup-left cup-right", "can the model tell these goals apart?"),
  handler: async (args) => {
    const library = await openLibrary(args.goalsDir);
    const a = await readPictureArgument(args.a, library);
    const b = await readPictureArgument(args.b, library);
    const open = await openModel(args.bundle);
    try {
      const { model } = open;
      const [from, to] = [await latentOf(a, library, open), await latentOf(b, library, open)];
      // The energy is the model's own: its graph computes it, at the start of a roll-out that is thrown away.
      const state = new Float32Array(model.stateDim);
      const { startEnergy } = await model.score(from, state, await restActions(model, state), 1, to);
      const { reached_below: reachedBelow, noise_floor: noiseFloor, training_quantiles: quantiles } = model.manifest.energy;
      const reached = startEnergy < reachedBelow;
      if (args.json) {
        printJson({ a: a.label, b: b.label, bundle: model.manifest.name, energy: startEnergy, reached, reachedBelow, noiseFloor, trainingQuantiles: quantiles });
        return;
      }
      print(...table([
        ["energy", shortNumber(startEnergy)],
        ["meaning", reached
          ? `the model takes them for the same scene (below ${shortNumber(reachedBelow)} counts as reached)`
          : `${shortNumber(startEnergy / reachedBelow)} times what counts as reached (${shortNumber(reachedBelow)})`],
        ["for scale", `noise ${shortNumber(noiseFloor)}, training median ${shortNumber(quantiles.p50)}, 99 % below ${shortNumber(quantiles.p99)}`],
        ["bundle", model.manifest.name],
      ]));
    } finally {
      await open.model.close();
    }
  },
});
