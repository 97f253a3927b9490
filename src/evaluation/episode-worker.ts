/** Worker thread of an evaluation: one simulator, one world model, one episode after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { RayCastCamera } from "../../sim/camera.js";
import { createTask, type TaskName } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, type PlannerConfig } from "../control/planner-config.js";
import { OnnxWorldModel } from "../world-model/index.js";
import { type EpisodeResult, runEpisode } from "./episode.js";

/** What all episodes share. */
export interface WorkerSetup {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  readonly task: TaskName;
  readonly maxSteps: number;
  readonly explorationFloor: number;
}

export type WorkerReply =
  | { readonly kind: "done"; readonly seed: number; readonly result: EpisodeResult }
  | { readonly kind: "failed"; readonly seed: number; readonly message: string };

const port = parentPort;
if (port === null) throw new Error("episode-worker: it is started by an evaluation");
const setup = workerData as WorkerSetup;
const model = await OnnxWorldModel.load(setup.bundleDirectory, { threads: 1 });
const { manifest } = model;
const planning = new InThreadPlanningService({
  model,
  planner: createPlanner(setup.planner),
  bounds: { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) },
});
const world = await SimWorld.create();
const camera = new RayCastCamera(world, { width: Math.max(64, manifest.image.width), height: Math.max(64, manifest.image.height) });

port.on("message", (seed: number) => {
  const run = async (): Promise<EpisodeResult> =>
    runEpisode(createTask(setup.task, world, seed), {
      world, camera, planning, manifest, maxSteps: setup.maxSteps, plannerSeed: seed, explorationFloor: setup.explorationFloor,
    });
  run().then(
    (result) => { port.postMessage({ kind: "done", seed, result } satisfies WorkerReply); },
    (error: unknown) => { port.postMessage({ kind: "failed", seed, message: error instanceof Error ? error.message : String(error) } satisfies WorkerReply); },
  );
});
