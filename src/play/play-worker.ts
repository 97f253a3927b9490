/** Worker thread of `jepa-mpc play`: makes one shard at a time, played by the planner. */
import { parentPort, workerData } from "node:worker_threads";
import type { SceneName } from "../../sim/scene.js";
import { makeShard, type ShardOrder } from "../../sim/shard.js";
import { SimWorld } from "../../sim/world.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, withBundleSearch } from "../control/planner-config.js";
import { FR3_WORKSPACE } from "../robot/fr3.js";
import { OnnxWorldModel } from "../world-model/index.js";
import { imagineGoal } from "./imagined-goals.js";
import { planningPlayer } from "./planning-player.js";

/** What a worker is started with. */
export interface PlayWorkerData {
  readonly bundleDirectory: string;
  /** The one with as many things as the bundle's latent. */
  readonly scene: SceneName;
}

const port = parentPort;
if (port === null) throw new Error("play-worker: it is started by jepa-mpc play");
const { bundleDirectory, scene } = workerData as PlayWorkerData;
const model = await OnnxWorldModel.load(bundleDirectory, { threads: 1 });
const { action, energy, latent } = model.manifest;
const readable = latent.readable;
if (readable === undefined) throw new Error(`bundle ${model.manifest.name} cannot imagine goals`);
const world = await SimWorld.create({ scene });
const planning = new InThreadPlanningService({
  model,
  planner: createPlanner(withBundleSearch({ kind: "icem", options: {} }, model.manifest)),
  bounds: { low: Float32Array.from(action.low), high: Float32Array.from(action.high) },
});

port.on("message", (order: ShardOrder) => {
  void makeShard(world, order, (random) => planningPlayer({
    planning, random, actionLow: action.low, actionHigh: action.high, reachedBelow: energy.reached_below,
    imagine: (seen) => imagineGoal(random, readable, seen, FR3_WORKSPACE, scene),
  })).then(() => { port.postMessage(order.folder); });
});
