import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { openModel, restActions } from "./open-model.js";
import { latentOf, readPictureArgument } from "./picture-argument.js";
import { oneLine, print, printJson, shortNumber, table } from "./print.js";
import { UsageError } from "./usage-error.js";

import type { PictureArgument } from "./picture-argument.js";
import type { Placed } from "../goals/nearest.js";

export default defineCommand({
  command: "nearest [picture]",
  describe: "Say which stored goals a scene is nearest to, in the model's latent space",
  builder: (yargs) =>
    yargs
      .positional("picture", { type: "string", describe: "A picture file, or a goal's name" })
      .option("camera", { type: "boolean", default: false, describe: "The next picture of a camera topic instead (ROS 2)" })
      .option("topic", { type: "string", requiresArg: true, default: "/camera/image_raw", describe: "With --camera: topic of sensor_msgs/msg/Image" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "With --camera: seconds to wait for a picture" })
      .option("count", { alias: "k", type: "string", requiresArg: true, default: "3", describe: "How many goals" })
      .option("bundle", BUNDLE_OPTION)
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal nearest now.png", "")
      .example("$0 goal nearest --camera -k 1", "what does the camera see?")
      .example("$0 goal nearest cup-left", "which other goals are like this one?"),
  handler: async (args) => {
    const count = parseNumber("-k", args.count, { min: 1, max: 1000, whole: true });
    const timeoutS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    if ((args.picture === undefined) !== args.camera) {
      throw new UsageError(args.camera ? "goal nearest takes a PICTURE or --camera, not both" : "goal nearest needs a PICTURE or --camera");
    }
    const library = await openLibrary(args.goalsDir);
    const entries = (await library.list()).filter(({ name }) => name !== args.picture);
    if (entries.length === 0) {
      throw new Error(`there are no ${args.picture === undefined ? "" : "other "}goals in ${library.dir} to be near to; add one with: jepa-mpc goal add NAME FILE`);
    }
    const from: PictureArgument = args.picture === undefined ? { ...(await fromCamera(args.topic, timeoutS)), goal: undefined } : await readPictureArgument(args.picture, library);
    const open = await openModel(args.bundle);
    try {
      const { model } = open;
      const latent = await latentOf(from, library, open);
      const placed: Placed[] = [];
      const unusable: string[] = [];
      for (const entry of entries) {
        try {
          if ("problem" in entry) throw new Error(entry.problem);
          // Latents that have to be made now are kept: the next question comes soon.
          if (entry.goal.gripper === undefined) await library.latent(entry.name, open.key, (image) => model.encode(image));
          placed.push({ name: entry.name, latent: await latentOf({ label: entry.name, ...(await library.read(entry.name)) }, library, open) });
        } catch (error) {
          unusable.push(`${entry.name} (${oneLine(error)})`);
        }
      }
      const { nearestGoals, typicalDistance } = await import("../goals/nearest.js");
      const typical = typicalDistance(placed);
      const state = new Float32Array(model.stateDim);
      const rest = await restActions(model, state);
      const { reached_below: reachedBelow } = model.manifest.energy;
      const found = [];
      for (const { name, distance } of nearestGoals(latent, placed).slice(0, count)) {
        const goal = placed.find((candidate) => candidate.name === name)!;
        const { startEnergy: energy } = await model.score(latent, state, rest, 1, goal.latent);
        found.push({ name, distance, ...(typical === undefined || typical === 0 ? {} : { share: distance / typical }), energy, reached: energy < reachedBelow });
      }
      if (args.json) {
        printJson({ from: from.label, bundle: model.manifest.name, typicalDistance: typical, reachedBelow, nearest: found, unusable });
        return;
      }
      print(...table([
        ["GOAL", "DISTANCE", "OF TYPICAL", "ENERGY", ""],
        ...found.map(({ name, distance, share, energy, reached }) =>
          [name, shortNumber(distance), share === undefined ? "" : `${(100 * share).toFixed(0)} %`, shortNumber(energy), reached ? "the same scene, as the model sees it" : ""]),
      ]), `bundle ${model.manifest.name}${typical === undefined ? "" : `; two goals of the library are typically ${shortNumber(typical)} apart`}`,
      ...(unusable.length === 0 ? [] : [`left out: ${unusable.join("; ")}`]));
    } finally {
      await open.model.close();
    }
  },
});

async function fromCamera(topic: string, timeoutS: number): Promise<Pick<PictureArgument, "label" | "image">> {
  const { captureImage } = await import("../ros/capture-image.js");
  return { label: topic, image: await captureImage({ topic, timeoutS }) };
}
