import { RayCastCamera } from "../../sim/camera.js";
import { drawEnvironment, type Environment, evaluationRoomSeed } from "../../sim/environments/index.js";
import { cameraSide } from "../../sim/picture-size.js";
import { changeRobot, type RobotChange } from "../../sim/robot-changes.js";
import { createTask, type TaskGoal, type TaskName } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import type { Adapter } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import { DEFAULT_EXPLORATION_FLOOR } from "../control/exploration-scale.js";
import { InThreadPlanningService } from "../control/in-thread-planning-service.js";
import { createPlanner, withBundleSearch } from "../control/planner-config.js";
import type { RememberedPlans } from "../control/remembered-plans.js";
import type { ControllerStatus } from "../control/status.js";
import type { Guard } from "../safety/guards/index.js";
import type { CalibrationRun, SurpriseMonitor } from "../surprise/index.js";
import { OnnxWorldModel } from "../world-model/index.js";
import { ControllerDriver } from "./controller-driver.js";
import { defaultGuards } from "./default-guards.js";
import { cellOf } from "./cell.js";
import type { Driver } from "./driver.js";
import { runEpisode } from "./episode.js";
import type { EpisodeRecord } from "./episode-record.js";
import { type OnPlan, RecordingPlanning } from "./recording-planning.js";

export interface SurpriseEpisode {
  readonly task: TaskName;
  readonly seed: number;
  /** Default: the plain room. */
  readonly room?: Environment;
  readonly surprise?: SurpriseMonitor;
  /** What the camera shows instead. @param period from 0. */
  readonly disturb?: (image: RgbImage, period: number) => RgbImage;
  /** Called before the picture of a period is taken: what happens to the world meanwhile. */
  readonly meanwhile?: (world: SimWorld, period: number) => void;
  readonly onPlan?: OnPlan;
  /** What happens to the robot after its goal pictures were taken. */
  readonly change?: RobotChange;
  /** Default: nothing is corrected. */
  readonly adapter?: Adapter;
  /** What searches begin with. Default: nothing. */
  readonly memory?: RememberedPlans;
  /** Seed of the planner. Default: the task's. */
  readonly plannerSeed?: number;
  /** Whether to end here, asked after each period with the controller's status. */
  readonly enough?: (status: ControllerStatus, period: number) => boolean;
  readonly maxSteps?: number;
}

export interface SurpriseEpisodeResult {
  readonly success: boolean;
  readonly run: CalibrationRun;
  readonly record: EpisodeRecord;
  /** The controller's, of each period. */
  readonly statuses: readonly ControllerStatus[];
}

/** Closed-loop episodes in the simulator with the controller as the node has it, and what surprise is judged by written down. */
export class SurpriseEpisodes {
  readonly model: OnnxWorldModel;
  readonly world: SimWorld;
  readonly camera: RayCastCamera;
  readonly #guards: readonly Guard[];

  /** @throws BundleError when the bundle does not hold what it says. */
  static async create(bundleDirectory: string): Promise<SurpriseEpisodes> {
    const world = await SimWorld.create();
    return new SurpriseEpisodes(await OnnxWorldModel.load(bundleDirectory, { threads: 1 }), world, await defaultGuards(world));
  }

  private constructor(model: OnnxWorldModel, world: SimWorld, guards: readonly Guard[]) {
    this.#guards = guards;
    this.model = model;
    this.world = world;
    this.camera = new RayCastCamera(world, { width: cameraSide(model.imageWidth), height: cameraSide(model.imageHeight) });
  }

  /** The goal pictures of a task. */
  goals(task: TaskName, seed: number, room?: Environment): TaskGoal[] {
    this.world.dress(room ?? drawEnvironment("plain", evaluationRoomSeed(seed)));
    return createTask(task, this.world, seed).goalImages(this.camera);
  }

  async run({ task: name, seed, room, surprise, disturb, meanwhile, onPlan, change, adapter, memory, plannerSeed = seed, enough, maxSteps }: SurpriseEpisode): Promise<SurpriseEpisodeResult> {
    const { model, world, camera } = this;
    const { action, energy, planning: search } = model.manifest;
    world.dress(room ?? drawEnvironment("plain", evaluationRoomSeed(seed)));
    world.alter({});
    const task = createTask(name, world, seed);
    const planning = new RecordingPlanning(new InThreadPlanningService({
      model,
      planner: createPlanner(withBundleSearch({ kind: "icem", options: {} }, model.manifest)),
      bounds: { low: Float32Array.from(action.low), high: Float32Array.from(action.high) },
      ...(memory === undefined ? {} : { memory }),
    }), onPlan);
    const statuses: ControllerStatus[] = [];
    const { record } = await runEpisode(task, {
      cell: cellOf(name, "cube", "plain", "jepa"), seed, world, camera, periodS: action.period_s,
      ...(maxSteps === undefined ? {} : { maxSteps }),
      driver: async (goals) => {
        if (change !== undefined) changeRobot(world, change);
        const inner = await ControllerDriver.start({
          world, planning, guards: this.#guards, described: model.manifest, periodS: action.period_s, reachedBelow: energy.reached_below, seed: plannerSeed,
          explorationFloor: search?.exploration_floor ?? DEFAULT_EXPLORATION_FLOOR, ...(surprise === undefined ? {} : { surprise }),
          ...(adapter === undefined ? {} : { adapter }),
        }, task.name, goals.map((goal) => ({ ...goal, beforeCameraMoved: change?.camera !== undefined })));
        let ended = false;
        const driver: Driver = {
          get over() { return ended || inner.over; },
          get sentence() { return inner.sentence; },
          get steps() { return inner.steps; },
          get energy() { return inner.energy; },
          get planMs() { return inner.planMs; },
          get subGoalsDone() { return inner.subGoalsDone; },
          period: async (image) => {
            const period = statuses.length;
            await inner.period(disturb?.(image, period) ?? image);
            statuses.push(inner.status);
            ended = enough?.(inner.status, period) ?? false;
            meanwhile?.(world, period + 1);
          },
          cycle: () => { inner.cycle(); },
          stop: () => { inner.stop(); },
        };
        return driver;
      },
    });
    return { success: record.success, record, run: planning.take(), statuses };
  }

  async close(): Promise<void> {
    await this.model.close();
    this.world.dispose();
  }
}
