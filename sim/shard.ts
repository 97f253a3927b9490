import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FrameTurn } from "../src/robot/frame-turn.js";
import type { Guard } from "../src/safety/guards/index.js";
import { robotPipeline } from "../src/safety/robot-pipeline.js";
import type { RgbImage } from "../src/camera/types.js";
import { actuate } from "./actuate.js";
import { RayCastCamera } from "./camera.js";
import { namesOf } from "./data-names.js";
import { CAMERA_PIVOT_M, drawEnvironment, drawObjects, type EnvironmentFamily, PLAIN_ENVIRONMENT, trainingRoomSeed, turnCamera } from "./environments/index.js";
import { writeNpy } from "./npy.js";
import { Random } from "./random.js";
import type { SimWorld } from "./world.js";

/** One shard to make. */
export interface ShardOrder {
  readonly folder: string;
  readonly firstSeed: number;
  readonly episodes: number;
  /** Actions an episode; it has one picture more. */
  readonly steps: number;
  readonly imageSize: number;
  /** Each picture's room is drawn from these; only the sizes of cube and cup are an episode's. */
  readonly rooms: EnvironmentFamily;
  /** How far an episode's camera goes round the workspace at most, either way, rad; all that has an x and a y is written in axes that go with it. */
  readonly cameraTurnRad: number;
}

/** Chooses the next action [dx, dy, dz (m), gripper (0..1)] of an episode, with its newest picture. */
export type Player = (world: SimWorld, image: RgbImage) => Float32Array | Promise<Float32Array>;

const PLACE_NAMES = ["ee_x", "ee_y", "ee_z"];

/** Plays the episodes of a shard and writes it as .npy files, beside and renamed. @param drawPlayer draws who plays an episode. @param guards default: none. */
export async function makeShard(world: SimWorld, order: ShardOrder, drawPlayer: (random: Random) => Player, guards: readonly Guard[] = []): Promise<void> {
  const { episodes, steps, imageSize } = order;
  const { state: stateNames, action: actionNames } = namesOf(world.description);
  const [stateSize, actionSize] = [stateNames.length, actionNames.length];
  const camera = new RayCastCamera(world, { width: imageSize, height: imageSize });
  const pixels = imageSize * imageSize * 3;
  // Tool and things, xyz (m): for probes and evaluation of the model, never for its training.
  const truthSize = 3 * (1 + world.things.length);
  const images = new Uint8Array(episodes * (steps + 1) * pixels);
  const states = new Float32Array(episodes * (steps + 1) * stateSize);
  const truths = new Float32Array(episodes * (steps + 1) * truthSize);
  const actions = new Float32Array(episodes * steps * actionSize);
  for (let episode = 0; episode < episodes; episode++) {
    const seed = order.firstSeed + episode;
    const turnRad = order.cameraTurnRad * new Random(seed ^ 0xca3e7a).uniform(-1, 1);
    const turned = (names: readonly string[], rows: Float32Array): Float32Array =>
      turnRad === 0 ? rows : new FrameTurn(names, { angleRad: turnRad, pivotM: CAMERA_PIVOT_M }).toModel(rows);
    const objects = order.rooms === "seen" ? drawObjects(new Random(seed ^ 0x0b1ec7)) : PLAIN_ENVIRONMENT.objects;
    world.dress({ ...drawEnvironment(order.rooms, trainingRoomSeed(seed, 0)), objects });
    world.reset(seed);
    const pipeline = robotPipeline(world.description, world.robot.limits, guards);
    const play = drawPlayer(new Random(seed ^ 0x5eed));
    pipeline.reset(world.jointState());
    for (let t = 0; t <= steps; t++) {
      const frame = episode * (steps + 1) + t;
      world.dress({ ...turnCamera(drawEnvironment(order.rooms, trainingRoomSeed(seed, t)), turnRad), objects });
      const image = camera.rgb();
      images.set(image.data, frame * pixels);
      states.set(turned(stateNames, world.actions.state(world.jointState())), frame * stateSize);
      truths.set(turned(PLACE_NAMES, Float32Array.of(...world.toolPosition(), ...world.things.flatMap((thing) => [...world.objectPosition(thing)]))), frame * truthSize);
      if (t === steps) break;
      const action = await play(world, image);
      actions.set(turned(actionNames, action), (episode * steps + t) * actionSize);
      actuate(world, pipeline, action);
    }
  }
  const part = `${order.folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  writeNpy(join(part, "images.npy"), "u1", [episodes, steps + 1, imageSize, imageSize, 3], images);
  writeNpy(join(part, "states.npy"), "f4", [episodes, steps + 1, stateSize], states);
  writeNpy(join(part, "truths.npy"), "f4", [episodes, steps + 1, truthSize], truths);
  writeNpy(join(part, "actions.npy"), "f4", [episodes, steps, actionSize], actions);
  renameSync(part, order.folder);
}
