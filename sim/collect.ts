/**
 * Makes the data set that the world model learns from: episodes of exploration, in shards of .npy files.
 * `node dist/sim/collect.js --out data/arm --episodes 3000`; run it again to go on where it was interrupted.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { findRobot } from "../src/robot/find-robot.js";
import type { CollectWorkerData } from "./collect-worker.js";
import { DataSetRefused, makeDataSet } from "./data-set.js";
import { SCENE_NAMES } from "./scene.js";

const options = yargs(hideBin(process.argv))
  .scriptName("collect")
  .usage("$0 --out DIR [--episodes N]\n\nCollects exploration episodes from the simulator; goes on where it was interrupted.")
  .option("out", { type: "string", demandOption: true, describe: "folder of the data set" })
  .option("episodes", { type: "number", default: 3000, describe: "episodes in all (rounded up to whole shards of 25)" })
  .option("steps", { type: "number", default: 68, describe: "actions an episode" })
  .option("seed", { type: "number", default: 0, describe: "seed of the first episode; the others follow" })
  .option("rooms", { choices: ["plain", "seen"] as const, default: "seen" as const, describe: "the room of each picture: always the plain one, or drawn anew" })
  .option("scene", { choices: SCENE_NAMES, default: "table" as const, describe: "a cube and a cup, or a puck and a tray besides" })
  .option("camera-turn-deg", { type: "number", default: 0, describe: "each episode has its camera up to so far round the workspace, either way, and its numbers in axes that go with it" })
  .option("robot", { type: "string", default: "fr3", describe: "the arm: a name of config/robots/, or the path of a description" })
  .option("image-size", { type: "number", default: 96, describe: "side of the pictures, pixels" })
  .option("workers", { type: "number", default: availableParallelism(), describe: "threads" })
  .strict()
  .parseSync();

try {
  const { robot, scene, ...rest } = options;
  const workerData: CollectWorkerData = { robot, scene };
  const episodes = await makeDataSet({ ...rest, scene, robot: findRobot(robot).description }, () => new Worker(new URL("./collect-worker.js", import.meta.url), { workerData }));
  process.stderr.write(`collect: ${episodes} episodes of ${options.steps} actions in ${options.out}\n`);
} catch (error) {
  if (!(error instanceof DataSetRefused)) throw error;
  process.stderr.write(`collect: ${error.message}\n`);
  process.exitCode = 2;
}
