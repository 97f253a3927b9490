import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { FR3 } from "../src/robot/fr3.js";
import type { RobotDescription } from "../src/robot/robot-description.js";
import { PERIOD_S } from "./actuate.js";
import { namesOf } from "./data-names.js";
import { ROOMS_VERSION } from "./environments/index.js";
import { showProgress } from "./progress.js";
import { FIRST_HELD_OUT_SEED } from "./seeds.js";
import type { SceneName } from "./scene.js";
import type { ShardOrder } from "./shard.js";
import { THINGS_OF } from "./world.js";

const SHARD_EPISODES = 25;

/** What a data set is made of. */
export interface DataSetOptions {
  readonly out: string;
  /** Rounded up to whole shards of 25. */
  readonly episodes: number;
  /** Actions an episode. */
  readonly steps: number;
  /** Seed of the first episode; the others follow. */
  readonly seed: number;
  readonly rooms: "plain" | "seen";
  /** What is in the workers' worlds; kept with the data where it is not the default, `table`. */
  readonly scene?: SceneName;
  /** How far an episode's camera goes round the workspace at most, either way, degrees; the numbers are in axes that go with it. Default 0. */
  readonly cameraTurnDeg?: number;
  /** Side of the pictures, pixels. */
  readonly imageSize: number;
  readonly workers: number;
  /** Default: the demo arm. */
  readonly robot?: RobotDescription;
  /** Who played, where it was not the explorer; kept with the data. */
  readonly player?: string;
}

/** A data set that cannot be made as it was asked for; the message is one line. */
export class DataSetRefused extends Error {
  override name = "DataSetRefused";
}

/** @throws DataSetRefused that names the option (as on the command line), its value and what to give. */
export function checkDataSetOptions(options: DataSetOptions): void {
  for (const [name, value, least, most] of [
    ["episodes", options.episodes, 1, 1e6], ["steps", options.steps, 1, 999], ["seed", options.seed, 0, 2 ** 31],
    ["image-size", options.imageSize, 64, 256], ["workers", options.workers, 1, 256],
  ] as const) {
    if (!Number.isInteger(value) || value < least || value > most) throw new DataSetRefused(`--${name} is ${value}; give a whole number from ${least} to ${most}`);
  }
  const { cameraTurnDeg = 0 } = options;
  if (!(cameraTurnDeg >= 0 && cameraTurnDeg <= 180)) throw new DataSetRefused(`--camera-turn-deg is ${cameraTurnDeg}; give a number from 0 to 180`);
  const { robot = FR3, scene = "table" } = options;
  if (scene !== "table" && robot.name !== FR3.name) throw new DataSetRefused(`--scene ${scene} is the ${FR3.name}'s; the robot ${robot.name} has --scene table`);
  if (robot.action.kind === "joint_delta") {
    if (robot.action.period_s !== PERIOD_S) throw new DataSetRefused(`the robot ${robot.name} has a period of ${robot.action.period_s} s; the simulator collects at ${PERIOD_S} s`);
    if (options.rooms !== "plain" || cameraTurnDeg !== 0) throw new DataSetRefused(`the robot ${robot.name} is seen by a camera of its own, in the plain room: give --rooms plain, and no --camera-turn-deg`);
  }
  const endSeed = options.seed + shardsOf(options) * SHARD_EPISODES;
  if (endSeed > FIRST_HELD_OUT_SEED) {
    throw new DataSetRefused(`seeds up to ${endSeed - 1} reach into those kept for evaluation (from ${FIRST_HELD_OUT_SEED}); choose a smaller --seed`);
  }
}

/**
 * Makes the shards of a data set that are not there yet, in several threads. @param startWorker starts a thread that makes a shard for each ShardOrder that it is
 * sent, and answers when it is written. @returns the number of episodes.
 * @throws DataSetRefused when the folder holds data of other options; what a worker threw, with what was made kept.
 */
export async function makeDataSet(options: DataSetOptions, startWorker: () => Worker): Promise<number> {
  checkDataSetOptions(options);
  const { out, steps, seed, rooms, imageSize, player, scene = "table", cameraTurnDeg = 0, robot = FR3 } = options;
  const shards = shardsOf(options);
  mkdirSync(out, { recursive: true });
  describe(join(out, "dataset.json"), {
    format: "jepa-mpc shards of npy, version 1",
    period_s: PERIOD_S,
    steps,
    first_seed: seed,
    rooms,
    rooms_version: ROOMS_VERSION,
    ...(scene === "table" ? {} : { scene }),
    ...(player === undefined ? {} : { player }),
    image: { width: imageSize, height: imageSize, channels: "rgb" },
    ...(robot.name === FR3.name ? {} : { robot: robot.name }),
    ...namesOf(robot),
    ...(robot.action.kind === "ee_delta" ? {} : { action_kind: robot.action.kind, max_delta: robot.action.max_delta }),
    truth: ["ee", ...THINGS_OF[scene]].flatMap((what) => ["x", "y", "z"].map((axis) => `${what}_${axis}`)),
    ...(cameraTurnDeg === 0 ? {} : { frame: "camera", camera_turn_deg: cameraTurnDeg }),
  });
  const orders: ShardOrder[] = Array.from({ length: shards }, (_, i) => ({
    folder: join(out, `shard-${String(i).padStart(5, "0")}`),
    firstSeed: seed + i * SHARD_EPISODES,
    episodes: SHARD_EPISODES,
    steps, imageSize, rooms, cameraTurnRad: (cameraTurnDeg * Math.PI) / 180,
  }));
  const open = orders.filter((order) => !existsSync(order.folder));
  let done = shards - open.length;
  const progress = showProgress("episodes", shards * SHARD_EPISODES, done * SHARD_EPISODES);
  await Promise.all(
    Array.from({ length: Math.min(options.workers, open.length) }, () => new Promise<void>((resolve, reject) => {
      const worker = startWorker();
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
  return shards * SHARD_EPISODES;
}

function describe(file: string, description: object): void {
  const text = `${JSON.stringify(description, null, 2)}\n`;
  if (existsSync(file) && readFileSync(file, "utf8") !== text) {
    throw new DataSetRefused(`${file} was made with other options; choose another --out or the same options`);
  }
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}

function shardsOf({ episodes }: DataSetOptions): number {
  return Math.ceil(episodes / SHARD_EPISODES);
}
