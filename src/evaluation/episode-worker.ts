/** Worker thread of an evaluation: one simulator, one world model, one episode after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { RayCastCamera } from "../../sim/camera.js";
import { drawEnvironment, evaluationRoomSeed } from "../../sim/environments/index.js";
import { cameraSide } from "../../sim/picture-size.js";
import { createTask, type SceneTruth, type Task, type TaskGoal } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import type { ControllerGoal } from "../control/controller-options.js";
import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, type PlannerConfig, withBundleSearch } from "../control/planner-config.js";
import { OnnxWorldModel, readManifest, type WorldModel } from "../world-model/index.js";
import { RandomDriver, StillDriver } from "./baseline-drivers.js";
import type { Cell } from "./cell.js";
import { ControllerDriver } from "./controller-driver.js";
import { defaultGuards } from "./default-guards.js";
import type { Driver } from "./driver.js";
import { type EpisodeResult, runEpisode } from "./episode.js";
import { ORACLE_REACHED_BELOW, OracleWorldModel } from "./oracle-world-model.js";
import { TruePerception } from "./true-perception.js";

/** What all episodes share. */
export interface WorkerSetup {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  /** The simulator in the place of the world model is slow: it has a search and a horizon of its own. */
  readonly oracle: { readonly planner: PlannerConfig; readonly horizon: number };
  readonly explorationFloor: number;
  /** Default: the task's. */
  readonly maxSteps?: number;
}

/** What a worker is started with. */
export interface WorkerData {
  readonly setup: WorkerSetup;
  /** One number in shared memory; not 0 when nobody waits for results any more. */
  readonly abandoned: Int32Array;
}

/** One episode to run. */
export interface Job {
  readonly cell: Cell;
  readonly seed: number;
}

/** What is sent to a worker: work, or that there is no more. */
export type WorkerRequest = Job | "end";

export type WorkerReply =
  | { readonly kind: "done"; readonly job: Job; readonly result: EpisodeResult }
  | { readonly kind: "failed"; readonly job: Job; readonly message: string };

const port = parentPort;
if (port === null) throw new Error("episode-worker: it is started by an evaluation");
const { setup, abandoned } = workerData as WorkerData;
const manifest = await readManifest(setup.bundleDirectory);
const { action, state, energy, image } = manifest;
const bounds = { low: Float32Array.from(action.low), high: Float32Array.from(action.high) };
const world = await SimWorld.create();
const camera = new RayCastCamera(world, { width: cameraSide(image.width), height: cameraSide(image.height) });
const guards = await defaultGuards(world);
/** Loaded when the first episode needs it: baselines do not. */
let learned: OnnxWorldModel | undefined;

async function learnedModel(): Promise<OnnxWorldModel> {
  learned ??= await OnnxWorldModel.load(setup.bundleDirectory, { threads: 1 });
  return learned;
}

function planningWith(model: WorldModel): InThreadPlanningService {
  return new InThreadPlanningService({ model, planner: createPlanner(withBundleSearch(setup.planner, manifest)), bounds });
}

/** The goals as the simulator knows them, in the latents of a model that takes its truth. */
function trueGoals(model: { latentOf(truth: SceneTruth): Float32Array }, task: Task, goals: readonly TaskGoal[]): ControllerGoal[] {
  return task.goalTruths.map((truth, i) => ({ name: goals[i]!.name, latent: model.latentOf(truth) }));
}

async function startDriver({ cell, seed }: Job, task: Task, goals: readonly TaskGoal[]): Promise<Driver> {
  const shared = {
    world, guards, actionNames: action.names, stateNames: state.names, periodS: action.period_s, seed, explorationFloor: setup.explorationFloor,
  };
  switch (cell.policy) {
    case "jepa":
      return ControllerDriver.start({ ...shared, planning: planningWith(await learnedModel()), reachedBelow: energy.reached_below }, task.name, goals);
    case "true-perception": {
      const model = new TruePerception(await learnedModel(), manifest, world);
      return ControllerDriver.start({ ...shared, planning: planningWith(model), reachedBelow: energy.reached_below }, task.name, trueGoals(model, task, goals));
    }
    case "oracle": {
      const model = new OracleWorldModel(world, task.object, action.period_s, setup.oracle.horizon);
      const planning = new InThreadPlanningService({ model, planner: createPlanner(setup.oracle.planner), bounds });
      // An upper bound that is the same for every bundle.
      return ControllerDriver.start({ ...shared, explorationFloor: DEFAULT_EXPLORATION_FLOOR, planning, reachedBelow: ORACLE_REACHED_BELOW }, task.name, trueGoals(model, task, goals));
    }
    case "persistence":
      return new StillDriver();
    case "random":
      return new RandomDriver(world, bounds, action.period_s, seed);
    default:
      return cell.policy satisfies never;
  }
}

function run(job: Job): Promise<EpisodeResult> {
  const { cell, seed } = job;
  // Rooms, too, have seeds that training does not.
  world.dress(drawEnvironment(cell.environment, evaluationRoomSeed(seed)));
  const task = createTask(cell.task, world, seed, cell.object ?? undefined);
  return runEpisode(task, {
    cell, seed, world, camera, periodS: action.period_s,
    abandoned: () => Atomics.load(abandoned, 0) !== 0,
    ...(setup.maxSteps === undefined ? {} : { maxSteps: setup.maxSteps }),
    driver: (goals) => startDriver(job, task, goals),
  });
}

port.on("message", (job: WorkerRequest) => {
  if (job === "end") {
    // Without the port the thread ends by itself. Ended from outside in the middle of a native call it takes the process with it.
    void Promise.resolve(learned?.close()).finally(() => { port.close(); });
    return;
  }
  Promise.resolve(job).then(run).then(
    (result) => { port.postMessage({ kind: "done", job, result } satisfies WorkerReply); },
    (error: unknown) => { port.postMessage({ kind: "failed", job, message: error instanceof Error ? error.message : String(error) } satisfies WorkerReply); },
  );
});
