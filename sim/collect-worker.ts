/** Worker thread of `collect.ts`: makes one shard at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { JointExplorer } from "../src/record/joint-explorer.js";
import { findRobot } from "../src/robot/find-robot.js";
import { robotGuards } from "../src/safety/guards/index.js";
import { drawExplorer } from "./exploration.js";
import type { Random } from "./random.js";
import type { SceneName } from "./scene.js";
import { makeShard, type Player, type ShardOrder } from "./shard.js";
import { SimWorld } from "./world.js";

export interface CollectWorkerData {
  /** Name or description file of the arm. */
  readonly robot: string;
  readonly scene: SceneName;
}

const port = parentPort;
if (port === null) throw new Error("collect-worker: start it through collect.js");
const { robot: named, scene } = workerData as CollectWorkerData;
const robot = findRobot(named);
const world = await SimWorld.create({ robot, scene });
const { action } = robot.description;
const { postures } = world;
// What moves by its joints is kept off the table and off itself by the guards; the demo arm's explorer goes by tool places that are free of both.
const guards = postures === undefined ? [] : await robotGuards(robot, world.robot);

/** The explorer of live recordings, for arms that are moved by their joints. */
function drawPlayer(random: Random): Player {
  if (postures === undefined || action.kind === "ee_delta") return drawExplorer(random);
  const explorer = new JointExplorer({ postures, maxDelta: action.max_delta, uniform: () => random.uniform() });
  return ({ command, timeS }) => explorer.next(command.sample(timeS).positions);
}

port.on("message", (order: ShardOrder) => {
  void makeShard(world, order, drawPlayer, guards).then(() => { port.postMessage(order.folder); });
});
