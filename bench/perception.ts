/**
 * What of an unknown room costs an encoder how much: `node dist/bench/perception.js --bundle models/NAME`. The same scenes are seen in the plain room, in rooms
 * as in training and in unseen ones, and in the plain room with one thing of the unseen one: its camera, its lamp, its colours … Prints a Markdown table of how
 * far (cm) the latent's places are from the true ones, along the table for things. A second table says what of that goes with the hand: nothing is touched, and where
 * a thing is seen is compared with where it is seen most of the time. A picture's error that stays cancels between the picture and that of the goal; one that goes with the hand is a
 * move that never was.
 */
import { actuate } from "../sim/actuate.js";
import { RayCastCamera } from "../sim/camera.js";
import { drawEnvironment, drawObjects, type Environment, evaluationRoomSeed, PLAIN_ENVIRONMENT } from "../sim/environments/index.js";
import { drawExplorer } from "../sim/exploration.js";
import { cameraSide } from "../sim/picture-size.js";
import { Random } from "../sim/random.js";
import { FIRST_HELD_OUT_SEED, readTruth } from "../sim/tasks.js";
import { SimWorld } from "../sim/world.js";
import { whyPerceptionStays } from "../src/evaluation/true-perception.js";
import { CommandPipeline } from "../src/safety/command-pipeline.js";
import { OnnxWorldModel } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";
import { quantile } from "./statistics.js";

const PICTURES_A_ROOM = 7;
const ACTIONS_BETWEEN = 4;
/** Places of the hand over one scene that is left alone, and actions to each. */
const HANDS_A_ROOM = 9;
const ACTIONS_TO_A_PLACE = 8;
/** Where the hand goes then: above all things, m. */
const OVER_THINGS = { x: [0.35, 0.65], y: [-0.2, 0.2], z: [0.16, 0.25] } as const;
/** Beyond these a thing has left the table's middle, where tasks are, m. */
const TABLE = { x: [0.25, 0.75], y: [-0.3, 0.3], lowest: 0 } as const;
const THINGS = ["cube", "cup"] as const;
/** Entries of the latent that are the arm's, and of each thing; the longest step of the hand, m. */
const ARM = 4;
const PLACE = 3;
const MAX_STEP_M = 0.04;

const { bundle, rooms } = benchOptions("perception")
  .option("bundle", { type: "string", demandOption: true, describe: "bundle folder" })
  .option("rooms", { type: "number", default: 40, describe: "rooms of each kind" })
  .parseSync();
if (!Number.isInteger(rooms) || rooms < 1 || rooms > 1e5) {
  process.stderr.write(`perception: --rooms is ${rooms}; give a whole number from 1 to 100000\n`);
  process.exit(2);
}

/** Each kind of room, made from an unseen room and one as in training. */
const KINDS: Readonly<Record<string, (unseen: Environment, seen: Environment) => Environment>> = {
  "plain room": () => PLAIN_ENVIRONMENT,
  "as in training": (_, seen) => seen,
  "unseen": (unseen) => unseen,
  "plain, moved camera": ({ camera, cameraRoll }) => ({ ...PLAIN_ENVIRONMENT, camera, cameraRoll }),
  "plain, unseen lamp": ({ lamp }) => ({ ...PLAIN_ENVIRONMENT, lamp }),
  "plain, unseen colours of things": (unseen) => ({ ...PLAIN_ENVIRONMENT, cubeColour: unseen.cubeColour!, cupColour: unseen.cupColour! }),
  "plain, unseen sizes of things": ({ objects }) => ({ ...PLAIN_ENVIRONMENT, objects }),
  "plain, unseen table and floor": ({ seed, table, floor }) => ({ ...PLAIN_ENVIRONMENT, seed, table: table!, floor: floor! }),
  "plain, distractors": ({ distractors }) => ({ ...PLAIN_ENVIRONMENT, distractors }),
};

const world = await SimWorld.create();
const model = await OnnxWorldModel.load(bundle, { threads: 1 });
const refusal = whyPerceptionStays(model.manifest);
if (refusal !== undefined) {
  process.stderr.write(`perception: ${refusal.replace(": perception cannot be replaced", "")}; its places cannot be measured\n`);
  process.exit(1);
}
const { mean, std } = model.manifest.latent.readable!;
const { width, height } = model.manifest.image;
const camera = new RayCastCamera(world, { width: cameraSide(width), height: cameraSide(height) });

process.stdout.write("| room | tool | cube | cup |\n|---|---|---|---|\n");
for (const kind of Object.keys(KINDS)) {
  const errors = { tool: [] as number[], cube: [] as number[], cup: [] as number[] };
  for (let i = 0; i < rooms; i++) {
    await explore(FIRST_HELD_OUT_SEED + i, roomOf(kind, i), errors);
  }
  process.stdout.write(`| ${kind} | ${cell(errors.tool)} | ${cell(errors.cube)} | ${cell(errors.cup)} |\n`);
}
process.stdout.write(`\nMedian / 90 % of ${rooms} rooms a line with ${PICTURES_A_ROOM} pictures each, cm.\n\n| room | goes with the hand | stays |\n|---|---|---|\n`);
for (const kind of ["plain room", "as in training", "unseen"]) {
  const errors = { moving: [] as number[], staying: [] as number[] };
  for (let i = 0; i < rooms; i++) await lookOn(FIRST_HELD_OUT_SEED + i, roomOf(kind, i), errors);
  process.stdout.write(`| ${kind} | ${cell(errors.moving)} | ${cell(errors.staying)} |\n`);
}
process.stdout.write(`\nThings at rest, ${HANDS_A_ROOM} places of the hand above them a room: how far a thing is seen from the median of where it is seen; how far the median is from the truth.\n`);
await model.close();
world.dispose();

/** The i-th room of a kind. */
function roomOf(kind: string, i: number): Environment {
  const room = evaluationRoomSeed(i);
  return KINDS[kind]!(drawEnvironment("unseen", room), { ...drawEnvironment("seen", room), objects: drawObjects(new Random(FIRST_HELD_OUT_SEED + i)) });
}

/** Median and 90 %, cm. */
function cell(values: readonly number[]): string {
  return `${(100 * quantile(values, 0.5)).toFixed(1)} / ${(100 * quantile(values, 0.9)).toFixed(1)}`;
}

/** Where the latent has something along one axis, m. @param entry of the latent where its place begins. */
function placeOf(latent: Float32Array, entry: number, axis: number): number {
  return mean[entry + axis]! + std[entry + axis]! * latent[entry + axis]!;
}

function isOnTable([x, y, z]: Float64Array): boolean {
  return x! > TABLE.x[0] && x! < TABLE.x[1] && y! > TABLE.y[0] && y! < TABLE.y[1] && z! > TABLE.lowest;
}

/** Looks at the scene of a seed with the hand at several places above it, that of things on the table alone; adds errors along the table, m. */
async function lookOn(seed: number, room: Environment, { moving, staying }: Record<"moving" | "staying", number[]>): Promise<void> {
  world.dress(room);
  world.reset(seed);
  const random = new Random(seed);
  const pipeline = new CommandPipeline(world.robot.limits);
  pipeline.reset(world.jointState());
  const latents: Float32Array[] = [];
  for (let look = 0; look < HANDS_A_ROOM; look++) {
    const to = [OVER_THINGS.x, OVER_THINGS.y, OVER_THINGS.z].map(([low, high]) => random.uniform(low, high));
    for (let step = 0; step < ACTIONS_TO_A_PLACE; step++) {
      const tool = world.toolPosition();
      actuate(world, pipeline, Float32Array.of(...to.map((at, axis) => Math.max(-MAX_STEP_M, Math.min(MAX_STEP_M, at - tool[axis]!))), 1));
    }
    latents.push(await model.encode(camera.rgb()));
  }
  const { objects } = readTruth(world);
  for (const [thing, name] of THINGS.entries()) {
    const at = objects[name];
    if (!isOnTable(at)) continue;
    const entry = ARM + PLACE * thing;
    const seen = latents.map((latent) => [placeOf(latent, entry, 0), placeOf(latent, entry, 1)] as const);
    const middle = [0, 1].map((axis) => quantile(seen.map((place) => place[axis as 0 | 1]), 0.5));
    moving.push(...seen.map(([x, y]) => Math.hypot(x - middle[0]!, y - middle[1]!)));
    staying.push(Math.hypot(middle[0]! - at[0]!, middle[1]! - at[1]!));
  }
}

/** Looks at the scene of a seed now and then while it is played with; adds how far the latent's places are off, m. */
async function explore(seed: number, room: Environment, errors: Record<"tool" | "cube" | "cup", number[]>): Promise<void> {
  world.dress(room);
  world.reset(seed);
  const explorer = drawExplorer(new Random(seed));
  const pipeline = new CommandPipeline(world.robot.limits);
  pipeline.reset(world.jointState());
  for (let step = 0; step < PICTURES_A_ROOM * ACTIONS_BETWEEN; step++) {
    if (step % ACTIONS_BETWEEN === 0) {
      const latent = await model.encode(camera.rgb());
      const { tool, objects } = readTruth(world);
      errors.tool.push(Math.hypot(...[0, 1, 2].map((axis) => placeOf(latent, 0, axis) - tool[axis]!)));
      for (const [thing, name] of THINGS.entries()) {
        const at = objects[name];
        const entry = ARM + PLACE * thing;
        if (isOnTable(at)) errors[name].push(Math.hypot(placeOf(latent, entry, 0) - at[0]!, placeOf(latent, entry, 1) - at[1]!));
      }
    }
    actuate(world, pipeline, explorer(world));
  }
}
