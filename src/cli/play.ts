import { availableParallelism } from "node:os";

import { FIRST_HELD_OUT_SEED } from "../../sim/seeds.js";
import type { PlayWorkerData } from "../play/play-worker.js";
import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print } from "./print.js";
import { UsageError } from "./usage-error.js";

export default defineCommand({
  command: "play",
  describe: "Let the planner play in the simulator towards goals of its own, and keep it as data to learn from",
  builder: (yargs) =>
    yargs
      .option("out", { type: "string", requiresArg: true, demandOption: true, describe: "Folder of the data set; goes on from what is there" })
      .option("bundle", BUNDLE_OPTION)
      .option("episodes", { type: "string", requiresArg: true, default: "300", describe: "Episodes in all, rounded up to whole shards of 25" })
      .option("steps", { type: "string", requiresArg: true, default: "68", describe: "Actions an episode" })
      .option("seed", { type: "string", requiresArg: true, default: "800000", describe: `Seed of the first episode; the others follow, all below ${FIRST_HELD_OUT_SEED}` })
      .option("rooms", { choices: ["plain", "seen"] as const, default: "plain" as const, describe: "The room of each picture: always the plain one, or drawn anew" })
      .option("workers", { type: "string", requiresArg: true, default: String(availableParallelism()), describe: "Threads" })
      .example("$0 play --out data/played --episodes 300", "")
      .epilogue("What comes of it is a data set as sim/collect makes them: give it to training/train_dynamics.py beside others, and the predictor learns where it was wrong."),
  handler: async (args) => {
    const bundleDirectory = findBundleDir(args.bundle);
    const [{ DataSetRefused, makeDataSet }, { bundleIdentity, readManifest }, { sceneOf, whyNothingIsImagined }, { Worker }, { cameraSide }] = await Promise.all([
      import("../../sim/data-set.js"), import("../world-model/index.js"), import("../play/imagined-goals.js"), import("node:worker_threads"), import("../../sim/picture-size.js"),
    ]);
    const manifest = await readManifest(bundleDirectory);
    const refusal = whyNothingIsImagined(manifest);
    if (refusal !== undefined) throw new UsageError(refusal);
    const scene = sceneOf(manifest);
    if (scene === undefined) throw new UsageError(`bundle ${manifest.name} has a latent of ${manifest.latent.readable!.names.length} numbers; the simulator's scenes have two or three things, 10 or 13 numbers`);
    const whole = (option: string, text: string, min: number, max: number): number => parseNumber(option, text, { min, max, whole: true });
    const options = {
      out: args.out,
      episodes: whole("--episodes", args.episodes, 1, 1e6), steps: whole("--steps", args.steps, 1, 999), seed: whole("--seed", args.seed, 0, 2 ** 31),
      workers: whole("--workers", args.workers, 1, 256), rooms: args.rooms, scene, imageSize: cameraSide(manifest.image.width),
      player: `planner of ${manifest.name} (rollout ${bundleIdentity(manifest).rolloutSha256.slice(0, 12)})`,
    };
    try {
      const episodes = await makeDataSet(options, () => new Worker(new URL("../play/play-worker.js", import.meta.url), { workerData: { bundleDirectory, scene } satisfies PlayWorkerData }));
      print(`${episodes} episodes of ${options.steps} actions in ${args.out}`);
    } catch (error) {
      throw error instanceof DataSetRefused ? new UsageError(error.message) : error;
    }
  },
});
