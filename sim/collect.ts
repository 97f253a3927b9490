/**
 * Makes the data set that the world model learns from: episodes of exploration, in shards of .npy files.
 * `node dist/sim/collect.js --out data/arm --episodes 3000`; run it again to go on where it was interrupted.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { PERIOD_S } from "./actuate.js";
import { ROOMS_VERSION } from "./environments/index.js";
import type { ShardOrder } from "./collect-worker.js";
import { showProgress } from "./progress.js";
import { FIRST_HELD_OUT_SEED } from "./seeds.js";

const SHARD_EPISODES = 25;

const options = yargs(hideBin(process.argv))
  .scriptName("collect")
  .usage("$0 --out DIR [--episodes N]\n\nCollects exploration episodes from the simulator; goes on where it was interrupted.")
  .option("out", { type: "string", demandOption: true, describe: "folder of the data set" })
  .option("episodes", { type: "number", default: 3000, describe: "episodes in all (rounded up to whole shards of 25)" })
  .option("steps", { type: "number", default: 68, describe: "actions an episode" })
  .option("seed", { type: "number", default: 0, describe: "seed of the first episode; the others follow" })
  .option("rooms", { choices: ["plain", "seen"] as const, default: "seen" as const, describe: "the room of each picture: always the plain one, or drawn anew" })
  .option("image-size", { type: "number", default: 96, describe: "side of the pictures, pixels" })
  .option("workers", { type: "number", default: availableParallelism(), describe: "threads" })
  .strict()
  .parseSync();

for (const [name, value, least, most] of [
  ["episodes", options.episodes, 1, 1e6], ["steps", options.steps, 1, 999], ["seed", options.seed, 0, 2 ** 31],
  ["image-size", options.imageSize, 64, 256], ["workers", options.workers, 1, 256],
] as const) {
  if (!Number.isInteger(value) || value < least || value > most) {
    process.stderr.write(`collect: --${name} is ${value}; give a whole number from ${least} to ${most}\n`);
    process.exit(2);
  }
}
const shards = Math.ceil(options.episodes / SHARD_EPISODES);
const endSeed = options.seed + shards * SHARD_EPISODES;
if (endSeed > FIRST_HELD_OUT_SEED) {
  process.stderr.write(`collect: seeds up to ${endSeed - 1} reach into those kept for evaluation (from ${FIRST_HELD_OUT_SEED}); choose a smaller --seed\n`);
  process.exit(2);
}

mkdirSync(options.out, { recursive: true });
const description = {
  format: "jepa-mpc shards of npy, version 1",
  period_s: PERIOD_S,
  steps: options.steps,
  first_seed: options.seed,
  rooms: options.rooms,
  rooms_version: ROOMS_VERSION,
  image: { width: options.imageSize, height: options.imageSize, channels: "rgb" },
  state: ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"],
  action: ["dx", "dy", "dz", "gripper"],
  truth: ["ee_x", "ee_y", "ee_z", "cube_x", "cube_y", "cube_z", "cup_x", "cup_y", "cup_z"],
};
const descriptionFile = join(options.out, "dataset.json");
const text = `${JSON.stringify(description, null, 2)}\n`;
if (existsSync(descriptionFile) && readFileSync(descriptionFile, "utf8") !== text) {
  process.stderr.write(`collect: ${descriptionFile} was made with other options; choose another --out or the same options\n`);
  process.exit(2);
}
writeFileSync(`${descriptionFile}.part`, text);
renameSync(`${descriptionFile}.part`, descriptionFile);

const orders: ShardOrder[] = Array.from({ length: shards }, (_, i) => ({
  folder: join(options.out, `shard-${String(i).padStart(5, "0")}`),
  firstSeed: options.seed + i * SHARD_EPISODES,
  episodes: SHARD_EPISODES,
  steps: options.steps,
  imageSize: options.imageSize,
  rooms: options.rooms,
}));
const open = orders.filter((order) => !existsSync(order.folder));
const progress = showProgress("episodes", shards * SHARD_EPISODES, (shards - open.length) * SHARD_EPISODES);
let done = shards - open.length;
await Promise.all(
  Array.from({ length: Math.min(options.workers, open.length) }, () => new Promise<void>((resolve, reject) => {
    const worker = new Worker(new URL("./collect-worker.js", import.meta.url));
    const next = (): void => {
      const order = open.shift();
      if (order !== undefined) worker.postMessage(order);
      else void worker.terminate().then(() => { resolve(); });
    };
    worker.on("message", () => {
      progress.update(++done * SHARD_EPISODES);
      next();
    });
    worker.on("error", reject);
    next();
  })),
);
progress.end();
process.stderr.write(`collect: ${shards * SHARD_EPISODES} episodes of ${options.steps} actions in ${options.out}\n`);
