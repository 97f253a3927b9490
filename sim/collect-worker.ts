/** Worker thread of `collect.ts`: makes one shard at a time and writes it as .npy files, beside and renamed. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { CommandPipeline } from "../src/safety/command-pipeline.js";
import { actuate } from "./actuate.js";
import { RayCastCamera } from "./camera.js";
import { drawEnvironment, drawObjects, type EnvironmentFamily, PLAIN_ENVIRONMENT, trainingRoomSeed } from "./environments/index.js";
import { drawExplorer } from "./exploration.js";
import { writeNpy } from "./npy.js";
import { Random } from "./random.js";
import { SimWorld } from "./world.js";

/** One shard to make; the reply is its folder. */
export interface ShardOrder {
  readonly folder: string;
  readonly firstSeed: number;
  readonly episodes: number;
  /** Actions an episode; it has one picture more. */
  readonly steps: number;
  readonly imageSize: number;
  /** Each picture's room is drawn from these; only the sizes of cube and cup are an episode's. */
  readonly rooms: EnvironmentFamily;
}

const STATE = 7;
const ACTION = 4;
/** Tool xyz, cube xyz, cup xyz (m): for probes and evaluation of the model, never for its training. */
const TRUTH = 9;

const port = parentPort;
if (port === null) throw new Error("collect-worker: start it through collect.js");
const world = await SimWorld.create();

port.on("message", (order: ShardOrder) => {
  makeShard(order);
  port.postMessage(order.folder);
});

function makeShard(order: ShardOrder): void {
  const { episodes, steps, imageSize } = order;
  const camera = new RayCastCamera(world, { width: imageSize, height: imageSize });
  const pixels = imageSize * imageSize * 3;
  const images = new Uint8Array(episodes * (steps + 1) * pixels);
  const states = new Float32Array(episodes * (steps + 1) * STATE);
  const truths = new Float32Array(episodes * (steps + 1) * TRUTH);
  const actions = new Float32Array(episodes * steps * ACTION);
  for (let episode = 0; episode < episodes; episode++) {
    const seed = order.firstSeed + episode;
    const objects = order.rooms === "seen" ? drawObjects(new Random(seed ^ 0x0b1ec7)) : PLAIN_ENVIRONMENT.objects;
    world.dress({ ...drawEnvironment(order.rooms, trainingRoomSeed(seed, 0)), objects });
    world.reset(seed);
    const random = new Random(seed ^ 0x5eed);
    const explore = drawExplorer(random);
    const pipeline = new CommandPipeline(world.robot.limits);
    pipeline.reset(world.jointState());
    for (let t = 0; t <= steps; t++) {
      const frame = episode * (steps + 1) + t;
      world.dress({ ...drawEnvironment(order.rooms, trainingRoomSeed(seed, t)), objects });
      images.set(camera.rgb().data, frame * pixels);
      states.set(world.actions.state(world.jointState()), frame * STATE);
      truths.set([...world.toolPosition(), ...world.objectPosition("cube"), ...world.objectPosition("cup")], frame * TRUTH);
      if (t === steps) break;
      const action = explore(world);
      actions.set(action, (episode * steps + t) * ACTION);
      actuate(world, pipeline, action);
    }
  }
  const part = `${order.folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  writeNpy(join(part, "images.npy"), "u1", [episodes, steps + 1, imageSize, imageSize, 3], images);
  writeNpy(join(part, "states.npy"), "f4", [episodes, steps + 1, STATE], states);
  writeNpy(join(part, "truths.npy"), "f4", [episodes, steps + 1, TRUTH], truths);
  writeNpy(join(part, "actions.npy"), "f4", [episodes, steps, ACTION], actions);
  renameSync(part, order.folder);
}
