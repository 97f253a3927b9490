/**
 * What recording costs: `node dist/bench/recording.js [--plans 200] [--index-steps 100000]`.
 *
 * Plans of the shipped bundle with a fixed search, in a worker as in the node; every second one is recorded, and the times of those that follow are compared, so that whatever else
 * the machine does falls on both. Then an index of so many steps is filled, opened and asked. The pictures are the simulated camera's, scaled up, with noise on them.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";

import { RayCastCamera } from "../sim/camera.js";
import { createTask } from "../sim/tasks.js";
import { SimWorld } from "../sim/world.js";
import { decodeImage } from "../src/camera/files.js";
import type { RgbImage } from "../src/camera/types.js";
import { PROJECT_ROOT } from "../src/cli/project.js";
import { WorkerPlanningService } from "../src/control/worker-planning-service.js";
import { withBundleSearch } from "../src/control/planner-config.js";
import { EpisodeScribe } from "../src/memory/episode-scribe.js";
import { EpisodeWriter } from "../src/memory/episode-writer.js";
import { encodePicture } from "../src/memory/encode-picture.js";
import { episodeId } from "../src/memory/episode-id.js";
import { episodesFolder, listEpisodeFiles } from "../src/memory/episode-files.js";
import { MemoryIndex } from "../src/memory/memory-index.js";
import { Recorder } from "../src/memory/recorder.js";
import { Random } from "../src/planner/random.js";
import { readManifest } from "../src/world-model/index.js";
import { benchOptions } from "./bench-options.js";

const SIZES = [[96, 96], [224, 224], [640, 480]] as const;
/** Plans that are not counted: the session and the code are warming up. */
const WARM_UP = 6;
const BUNDLE = join(PROJECT_ROOT, "models", "arm-objects-jepa");

const options = benchOptions("recording")
  .option("plans", { type: "number", requiresArg: true, default: 200, describe: "plans of each size of pictures; every second one is recorded" })
  .option("index-steps", { type: "number", requiresArg: true, default: 100_000, describe: "steps in the index; 0: leave that out" })
  .parseSync();

const root = mkdtempSync(join(tmpdir(), "jepa-mpc-recording-"));
try {
  const manifest = await readManifest(BUNDLE);
  const world = await SimWorld.create();
  const camera = new RayCastCamera(world, { width: 96, height: 96 });
  const task = createTask("reach", world, 1, undefined);
  const [goal] = task.goalImages(camera);
  task.start();
  const small = camera.rgb();
  const joints = world.jointState();
  const planning = await WorkerPlanningService.start({ bundleDirectory: BUNDLE, planner: withBundleSearch({ kind: "icem", options: {} }, manifest) });
  const goalLatent = await planning.encode(goal!.image);
  const state = world.actions.state(joints);
  const about = {
    source: "simulation", bundle: { name: manifest.name, encoderSha256: "e".repeat(64), rolloutSha256: "f".repeat(64) }, periodS: manifest.action.period_s,
    actionNames: manifest.action.names, stateNames: manifest.state.names, jointNames: world.robot.limits.map(({ name }) => name),
  } as const;
  line(["picture", "kept as", "bytes a step", "handing over, median / 99 % (us)", "plan after one that was not recorded, median (ms)", "after one that was (ms)", "ratio", "dropped", "latent moved by keeping"]);
  line(Array(9).fill("---"));
  for (const [width, height] of SIZES) {
    const image = await scaled(small, width, height);
    const dir = join(root, String(width));
    const recorder = new Recorder({ dir, maxBytes: 1e12, warn: (text) => { process.stderr.write(`${text}\n`); }, info: () => undefined });
    const scribe = new EpisodeScribe({ about, sink: recorder, clock: () => performance.now() / 1000 });
    const taken = { name: "reach", reachedBelow: 0.1, subGoals: [{ name: "reach", latent: goalLatent, image: goal!.image }] };
    scribe.goalTaken(taken);
    const planMs = { off: [] as number[], on: [] as number[] };
    const handedUs: number[] = [];
    // One plan right after the other, as in a node whose plans take their whole period: what is recorded is packed and written during the next one.
    let recorded = false;
    for (let i = 0; i < options.plans; i++) {
      const askedS = performance.now() / 1000;
      const result = await planning.plan({ image, state, committed: new Float32Array(0), goal: goalLatent, deadlineMs: Infinity, shift: 0, explorationScale: 1 });
      if (i >= WARM_UP) planMs[recorded ? "on" : "off"].push(result.planMs + result.encodeMs);
      recorded = i % 2 === 0;
      if (!recorded) continue;
      const beforeMs = performance.now();
      scribe.planned({ goal: taken, subGoal: 0, askedS, image, joints, state, committed: 0, result });
      handedUs.push(1000 * (performance.now() - beforeMs));
    }
    recorder.end({ kind: "stopped", sentence: "End.", steps: recorder.state.steps, endedAt: new Date().toISOString() });
    await recorder.close(60);
    const kept = await encodePicture(image);
    const [before, after] = [await planning.encode(image), await planning.encode(await decodeImage(kept.data, "the kept picture"))];
    line([
      `${width}x${height}`, kept.format, (listEpisodeFiles(dir)[0]!.bytes / recorder.state.steps).toFixed(0), `${quantile(handedUs, 0.5).toFixed(0)} / ${quantile(handedUs, 0.99).toFixed(0)}`,
      quantile(planMs.off, 0.5).toFixed(1), quantile(planMs.on, 0.5).toFixed(1), (quantile(planMs.on, 0.5) / quantile(planMs.off, 0.5)).toFixed(3), String(recorder.state.dropped),
      Math.hypot(...before.map((value, i) => value - after[i]!)).toPrecision(2),
    ]);
  }
  await planning.close();
  if (options.indexSteps > 0) await measureIndex(join(root, "index"), options.indexSteps);
} finally {
  rmSync(root, { recursive: true });
}

async function measureIndex(dir: string, steps: number): Promise<void> {
  const each = 100;
  const random = new Random(1);
  const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.gaussian());
  const picture = await encodePicture({ width: 8, height: 8, data: new Uint8Array(192) });
  const states = { jointPositions: new Float64Array(8), jointVelocities: new Float64Array(8), state: new Float32Array(7) };
  for (let episode = 0; episode < steps / each; episode++) {
    const startedAt = new Date(Date.UTC(2026, 0, 1) + 60_000 * episode);
    const goals = [{ name: "goal", latent: floats(10) }];
    const header = {
      id: episodeId(startedAt), startedAt: startedAt.toISOString(), source: "simulation", bundle: { name: "made-up", encoderSha256: "e".repeat(64), rolloutSha256: "f".repeat(64) },
      periodS: 0.2, actionNames: ["dx", "dy", "dz", "gripper"], stateNames: Array(7).fill("s") as string[], jointNames: Array(8).fill("j") as string[], goal: "goal", subGoals: goals, reachedBelow: 0.1,
    } as const;
    const writer = EpisodeWriter.beginEncoded(episodesFolder(dir), header, goals, `${header.id}.mcap.part`);
    for (let index = 0; index < each; index++) {
      writer.writeEncoded({
        ...states, index, timeS: 0.2 * index, picture, latent: floats(10), subGoal: 0, committed: 1, actions: floats(40), stepEnergies: floats(10), startEnergy: random.uniform(), energy: random.uniform(),
        iterations: 4, candidates: 300, encodeMs: 1, planMs: 100, terms: [],
      });
    }
    writer.end({ kind: "reached", sentence: "Reached.", steps: each, endedAt: startedAt.toISOString() });
  }
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const beganMs = performance.now();
    const result = await work();
    process.stdout.write(`${what}: ${(performance.now() - beganMs).toFixed(1)} ms\n`);
    return result;
  };
  process.stdout.write(`\nIndex of ${steps} steps in ${steps / each} episodes, ${((listEpisodeFiles(dir)[0]!.bytes) / each).toFixed(0)} bytes a step beside the picture\n`);
  const index = await timed("filled from the files", () => MemoryIndex.open(dir));
  process.stdout.write(`index.sqlite: ${(statSync(join(dir, "index.sqlite")).size / 1e6).toFixed(1)} MB\n`);
  await timed("opened again, nothing new", () => MemoryIndex.open(dir));
  await timed("all episodes listed", () => index.episodes());
  await timed("first nearestFrames, which loads", () => index.nearestFrames(floats(10), "e".repeat(64), 8));
  await timed("first nearestPlans, which loads", () => index.nearestPlans(floats(10), floats(10), "f".repeat(64), 8));
  for (const [name, ask] of [
    ["nearestFrames", () => index.nearestFrames(floats(10), "e".repeat(64), 8)], ["nearestPlans", () => index.nearestPlans(floats(10), floats(10), "f".repeat(64), 8)],
  ] as const) {
    const ms: number[] = [];
    for (let i = 0; i < 200; i++) {
      const beganMs = performance.now();
      await ask();
      ms.push(performance.now() - beganMs);
    }
    process.stdout.write(`${name}: median ${quantile(ms, 0.5).toFixed(2)} ms, 99 % ${quantile(ms, 0.99).toFixed(2)} ms\n`);
  }
}

async function scaled(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  const data = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } }).resize(width, height, { fit: "fill" }).raw().toBuffer();
  // A camera's pixels are not smooth: noise of two grey levels, which packs as badly as a room's picture does.
  const random = new Random(2);
  return { width, height, data: Uint8Array.from(data, (value) => Math.max(0, Math.min(255, value + 2 * random.gaussian()))) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

function line(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}
