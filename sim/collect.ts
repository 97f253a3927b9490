/**
 * Makes the data set that the world model learns from: episodes of exploration, in shards of .npy files.
 * `node dist/sim/collect.js --out data/arm --episodes 3000`; run it again to go on where it was interrupted.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { findRobot } from "../src/robot/find-robot.js";
import { oneLine } from "../src/text/one-line.js";
import type { CollectWorkerData } from "./collect-worker.js";
import { DataSetRefused, makeDataSet } from "./data-set.js";
import { SCENE_NAMES } from "./scene.js";
import { FIRST_HELD_OUT_SEED } from "./seeds.js";

const options = yargs(hideBin(process.argv))
  .scriptName("collect")
  .usage("$0 --out DIR [--episodes N]\n\nCollects exploration episodes from the simulator; goes on where it was interrupted.")
  .option("out", { type: "string", requiresArg: true, demandOption: true, describe: "folder of the data set" })
  .option("episodes", { ...number("episodes", 3000), describe: "episodes in all (rounded up to whole shards of 25)" })
  .option("steps", { ...number("steps", 68), describe: "actions an episode" })
  .option("seed", { ...number("seed", 0), describe: `seed of the first episode; the others follow, all below ${FIRST_HELD_OUT_SEED}` })
  .option("rooms", { choices: ["plain", "seen"] as const, default: "seen" as const, describe: "the room of each picture: always the plain one, or drawn anew" })
  .option("scene", { choices: SCENE_NAMES, default: "table" as const, describe: "a cube and a cup, or a puck and a tray besides" })
  .option("camera-turn-deg", { ...number("camera-turn-deg", 0), describe: "each episode has its camera up to so far round the workspace, either way, and its numbers in axes that go with it" })
  .option("robot", { type: "string", requiresArg: true, default: "fr3", describe: "the arm: a name of config/robots/, or the path of a description" })
  .option("image-size", { ...number("image-size", 96), describe: "side of the pictures, pixels" })
  .option("workers", { ...number("workers", availableParallelism()), describe: "threads" })
  .strict()
  .locale("en")
  .parserConfiguration({ "duplicate-arguments-array": false })
  .fail((message: string | null, error: Error | undefined) => end(`${oneLine(message ?? error)}${error instanceof DataSetRefused ? "" : " (see --help)"}`, 2))
  .parseSync();

try {
  const { robot, scene, ...rest } = options;
  const workerData: CollectWorkerData = { robot, scene };
  const episodes = await makeDataSet({ ...rest, scene, robot: findRobot(robot).description }, () => new Worker(new URL("./collect-worker.js", import.meta.url), { workerData }));
  process.stderr.write(`collect: ${episodes} episodes of ${options.steps} actions in ${options.out}\n`);
} catch (error) {
  end(oneLine(error), error instanceof DataSetRefused ? 2 : 1);
}

function end(line: string, code: number): never {
  process.stderr.write(`collect: ${line}\n`);
  process.exit(code);
}

/** An option that is a number, taken as text: of what is none yargs would make NaN, and the line could not say what it was. Its range is the data set's to judge. */
function number(option: string, value: number) {
  return {
    type: "string", requiresArg: true, default: value,
    coerce: (given: string | number): number => {
      const text = String(given).trim();
      if (text === "" || Number.isNaN(Number(text))) throw new DataSetRefused(`--${option} is ${JSON.stringify(text)}; give a number`);
      return Number(text);
    },
  } as const;
}
