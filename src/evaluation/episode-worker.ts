/** Worker thread of an evaluation: one simulator, one world model, one episode after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { RayCastCamera } from "../../sim/camera.js";
import { drawEnvironment, evaluationRoomSeed, turnCamera } from "../../sim/environments/index.js";
import { cameraSide } from "../../sim/picture-size.js";
import type { SceneName } from "../../sim/scene.js";
import { createTask, type SceneTruth, type Task, type TaskGoal } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import type { ControllerGoal } from "../control/controller-options.js";
import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import type { ChainFinder } from "../chain/chain-finder.js";
import { openChainFinder } from "../experience/open-chain-finder.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, type PlannerConfig, withBundleSearch } from "../control/planner-config.js";
import { DirectRecording } from "../memory/direct-recording.js";
import { episodesFolder } from "../memory/episode-files.js";
import { EpisodeScribe } from "../memory/episode-scribe.js";
import { findRobot } from "../robot/find-robot.js";
import { FR3 } from "../robot/fr3.js";
import type { Turn } from "../robot/frame-turn.js";
import { TurnedActions } from "../robot/turned-actions.js";
import { bundleIdentity, type InferenceOptions, OnnxWorldModel, readManifest, type WorldModel } from "../world-model/index.js";
import { RandomDriver, StillDriver } from "./baseline-drivers.js";
import type { Cell } from "./cell.js";
import { ChainDriver } from "./chain-driver.js";
import { ControllerDriver, type ControllerDriverOptions } from "./controller-driver.js";
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
  /** How far the camera stands round the workspace, rad. Default 0: where it is in training. */
  readonly cameraTurnRad?: number;
  /** How the model's axes lie in the base frame, for the policy that has a model that sees. Default: as they are. */
  readonly modelTurn?: Turn;
  /** The arm, by name or description file. Default: the demo arm. */
  readonly robot?: string;
  /** What runs the model. Default: this machine. */
  readonly inference?: InferenceOptions;
  /** A memory's folder that the episodes of the policy that has a model that sees are recorded in. Default: none. */
  readonly memory?: string;
  /** What all tasks share. Default `table`. */
  readonly scene?: SceneName;
  /** Whether the planner gets all pictures of a task, or only the last one. Default `all`. */
  readonly goals?: GoalsGiven;
  /** Folder of what was lived, in which sub-goals are looked for, for the policy that has a model that sees. Default: none is. */
  readonly chain?: { readonly folder: string; readonly episodes?: number };
}

/** Which of a task's pictures are handed over. */
export type GoalsGiven = "all" | "last";

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
const { action, energy, image } = manifest;
const bounds = { low: Float32Array.from(action.low), high: Float32Array.from(action.high) };
const robot = findRobot(setup.robot ?? FR3.name);
const world = await SimWorld.create({ robot, scene: setup.scene ?? "table" });
const camera = new RayCastCamera(world, { width: cameraSide(image.width), height: cameraSide(image.height) });
const guards = await defaultGuards(world, robot);
const recording = setup.memory === undefined ? undefined : new DirectRecording(episodesFolder(setup.memory));
/** Loaded when the first episode needs it: baselines do not. */
let learned: OnnxWorldModel | undefined;
let chains: Promise<ChainFinder> | undefined;

async function learnedModel(): Promise<OnnxWorldModel> {
  learned ??= await OnnxWorldModel.load(setup.bundleDirectory, { threads: 1, inference: setup.inference });
  return learned;
}

async function chainFinder(folder: string, episodes: number | undefined): Promise<ChainFinder> {
  const model = await learnedModel();
  return (await openChainFinder({ folder, model, manifest, planner: setup.planner, ...(episodes === undefined ? {} : { episodes }) })).finder;
}

function planningWith(model: WorldModel): InThreadPlanningService {
  return new InThreadPlanningService({ model, planner: createPlanner(withBundleSearch(setup.planner, manifest)), bounds });
}

/** The goals as the simulator knows them, in the latents of a model that takes its truth. */
function trueGoals(model: { latentOf(truth: SceneTruth): Float32Array }, task: Task, goals: readonly TaskGoal[]): ControllerGoal[] {
  return task.goalTruths.slice(-goals.length).map((truth, i) => ({ name: goals[i]!.name, latent: model.latentOf(truth) }));
}

async function startDriver({ cell, seed }: Job, task: Task, all: readonly TaskGoal[]): Promise<Driver> {
  const goals = setup.goals === "last" ? all.slice(-1) : all;
  const shared = {
    world, guards, described: manifest, periodS: action.period_s, seed, explorationFloor: setup.explorationFloor,
  };
  switch (cell.policy) {
    case "jepa":
      return startSeeing({
        ...shared, ...(setup.modelTurn === undefined ? {} : { actionSpace: new TurnedActions(world.actions, manifest, setup.modelTurn) }), planning: planningWith(await learnedModel()), reachedBelow: energy.reached_below,
        ...(recording === undefined ? {} : { recording: { scribe: newScribe(recording), settled: () => recording.settled() } }),
      }, task.name, goals);
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

/** Goes for the pictures that it is given, or by what experience says of the way to the last of them. */
async function startSeeing(controller: ControllerDriverOptions, name: string, goals: readonly TaskGoal[]): Promise<Driver> {
  if (setup.chain === undefined) return ControllerDriver.start(controller, name, goals);
  chains ??= chainFinder(setup.chain.folder, setup.chain.episodes);
  return ChainDriver.start({ controller, finder: await chains, model: await learnedModel(), goal: goals.at(-1)! }, name, camera.rgb());
}

function newScribe(sink: DirectRecording): EpisodeScribe {
  return new EpisodeScribe({
    about: {
      source: "simulation", bundle: bundleIdentity(manifest),
      periodS: action.period_s, actionNames: action.names, stateNames: manifest.state.names, jointNames: world.robot.limits.map((joint) => joint.name),
    },
    sink, clock: () => world.timeS,
  });
}

async function run(job: Job): Promise<EpisodeResult> {
  const { cell, seed } = job;
  // Rooms, too, have seeds that training does not.
  world.dress(turnCamera(drawEnvironment(cell.environment, evaluationRoomSeed(seed)), setup.cameraTurnRad ?? 0));
  const task = createTask(cell.task, world, seed, cell.object ?? undefined);
  const result = await runEpisode(task, {
    cell, seed, world, camera, periodS: action.period_s,
    abandoned: () => Atomics.load(abandoned, 0) !== 0,
    ...(setup.maxSteps === undefined ? {} : { maxSteps: setup.maxSteps }),
    driver: (goals) => startDriver(job, task, goals),
  });
  if (cell.policy === "jepa") await recording?.finish({ success: result.record.success, finalDistanceM: result.record.final_distance_m });
  return result;
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
