/**
 * What of an unknown room costs an encoder how much: `node dist/bench/perception.js --bundle models/NAME`. The same scenes are seen in the plain room, in rooms
 * as in training and in unseen ones, and in the plain room with one thing of the unseen one: its camera, its lamp, its colours … Prints a Markdown table of how
 * far (cm) the latent's places are from the true ones, along the table for things.
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
/** Beyond these a thing has left the table's middle, where tasks are, m. */
const TABLE = { x: [0.25, 0.75], y: [-0.3, 0.3], lowest: 0 } as const;
const THINGS = ["cube", "cup"] as const;

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
for (const [kind, make] of Object.entries(KINDS)) {
  const errors = { tool: [] as number[], cube: [] as number[], cup: [] as number[] };
  for (let i = 0; i < rooms; i++) {
    const seed = FIRST_HELD_OUT_SEED + i;
    const room = evaluationRoomSeed(i);
    await explore(seed, make(drawEnvironment("unseen", room), { ...drawEnvironment("seen", room), objects: drawObjects(new Random(seed)) }), errors);
  }
  const cell = (values: readonly number[]): string => `${(100 * quantile(values, 0.5)).toFixed(1)} / ${(100 * quantile(values, 0.9)).toFixed(1)}`;
  process.stdout.write(`| ${kind} | ${cell(errors.tool)} | ${cell(errors.cube)} | ${cell(errors.cup)} |\n`);
}
process.stdout.write(`\nMedian / 90 % of ${rooms} rooms a line with ${PICTURES_A_ROOM} pictures each, cm.\n`);
await model.close();
world.dispose();

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
      const place = (first: number, axis: number): number => mean[first + axis]! + std[first + axis]! * latent[first + axis]!;
      const { tool, objects } = readTruth(world);
      errors.tool.push(Math.hypot(...[0, 1, 2].map((axis) => place(0, axis) - tool[axis]!)));
      for (const [thing, name] of THINGS.entries()) {
        const at = objects[name];
        const [x, y, z] = [at[0]!, at[1]!, at[2]!];
        const onTable = x > TABLE.x[0] && x < TABLE.x[1] && y > TABLE.y[0] && y < TABLE.y[1] && z > TABLE.lowest;
        if (onTable) errors[name].push(Math.hypot(place(4 + 3 * thing, 0) - x, place(4 + 3 * thing, 1) - y));
      }
    }
    actuate(world, pipeline, explorer(world));
  }
}
