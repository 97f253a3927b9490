import type { RayCastCamera } from "../../sim/camera.js";
import type { Task } from "../../sim/tasks.js";
import type { SimWorld } from "../../sim/world.js";
import type { RgbImage } from "../camera/types.js";
import { Controller } from "../control/controller.js";
import type { PlanningService } from "../control/planning-service.js";
import { eeDeltaRestAction } from "../control/rest-action.js";
import { FR3_FULL_OPENING_M } from "../robot/fr3.js";
import { CommandPipeline } from "../safety/command-pipeline.js";
import type { Manifest } from "../world-model/index.js";

/** What an episode is run with. */
export interface EpisodeSetup {
  readonly world: SimWorld;
  readonly camera: RayCastCamera;
  readonly planning: PlanningService;
  readonly manifest: Manifest;
  readonly maxSteps: number;
  /** Seed of the planner. */
  readonly plannerSeed: number;
  /** Share of the planner's width that is left at the goal, in (0, 1]. */
  readonly explorationFloor: number;
}

/** What happened; distances in m, judged by the simulator's truth. */
export interface EpisodeResult {
  readonly success: boolean;
  readonly startDistanceM: number;
  readonly finalDistanceM: number;
  readonly bestDistanceM: number;
  /** Actions sent. */
  readonly steps: number;
  /** How the controller ended: it cannot see the distance, only the energy. */
  readonly ended: string;
  /** Before each action, [steps + 1 or fewer]. */
  readonly energies: readonly number[];
  readonly distancesM: readonly number[];
  readonly planMs: readonly number[];
  readonly pictures: { readonly start: RgbImage; readonly goal: RgbImage; readonly end: RgbImage };
}

/**
 * Runs a task in lock step, as the node would: the picture at the start of a period gives the action of the next period, while
 * the present one is executed. The planner has its fixed number of iterations, so the result does not depend on the machine.
 */
export async function runEpisode(task: Task, setup: EpisodeSetup): Promise<EpisodeResult> {
  const { world, camera, planning, manifest, maxSteps } = setup;
  const periodS = manifest.action.period_s;
  const physicsSteps = Math.round(periodS / world.timestepS);
  const goal = task.goalImage(camera);
  task.start();
  const controller = new Controller({
    actionSpace: world.actions,
    pipeline: new CommandPipeline(world.robot.limits),
    planning,
    ports: {
      sendTrajectory: (trajectory) => { world.command.setTrajectory(trajectory, world.timeS); },
      publishStatus: () => undefined,
    },
    clock: () => world.timeS,
    periodS,
    reachedBelow: manifest.energy.reached_below,
    restAction: eeDeltaRestAction({ actionNames: manifest.action.names, stateNames: manifest.state.names, fullOpeningM: FR3_FULL_OPENING_M }),
    planDeadlineMs: Infinity,
    seed: setup.plannerSeed,
    explorationFloor: setup.explorationFloor,
  });
  await controller.setGoal({ name: task.name, image: goal });
  const start = camera.rgb();
  const startDistanceM = task.distanceM();
  const energies: number[] = [];
  const distancesM: number[] = [];
  const planMs: number[] = [];
  let image = start;
  while (!controller.status.final && controller.status.steps < maxSteps) {
    distancesM.push(task.distanceM());
    controller.onImage(image, world.timeS + 1);
    controller.onJointState(world.jointState(), world.timeS + 1);
    controller.tick();
    await controller.settled();
    const { energy, planMs: solved } = controller.status;
    if (energy !== undefined) energies.push(energy);
    if (solved !== undefined) planMs.push(solved);
    world.step(physicsSteps);
    image = camera.rgb();
  }
  const ended = controller.status.final ? controller.status.sentence : `Ended after ${maxSteps} steps.`;
  controller.shutdown();
  world.step(physicsSteps);
  const finalDistanceM = task.distanceM();
  return {
    success: finalDistanceM <= task.toleranceM,
    startDistanceM, finalDistanceM,
    bestDistanceM: Math.min(finalDistanceM, ...distancesM),
    steps: controller.status.steps,
    ended, energies, distancesM, planMs,
    pictures: { start, goal, end: camera.rgb() },
  };
}
