import type { RayCastCamera } from "../../sim/camera.js";
import type { Task, TaskGoal } from "../../sim/tasks.js";
import type { SimWorld } from "../../sim/world.js";
import type { RgbImage } from "../camera/types.js";
import type { Cell } from "./cell.js";
import type { Driver } from "./driver.js";
import type { EpisodeRecord } from "./episode-record.js";

/** What an episode is run with. */
export interface EpisodeSetup {
  readonly cell: Cell;
  readonly seed: number;
  readonly world: SimWorld;
  readonly camera: RayCastCamera;
  readonly periodS: number;
  /** Default: the task's. */
  readonly maxSteps?: number;
  /** Whether to give up, asked once a period. */
  readonly abandoned?: () => boolean;
  /** Makes what moves the robot; the world is at the task's start. */
  readonly driver: (goals: readonly TaskGoal[]) => Promise<Driver>;
}

/** A picture on the way. */
export interface EpisodeFrame {
  readonly image: RgbImage;
  readonly period: number;
  readonly distanceM: number;
}

export interface EpisodeResult {
  readonly record: EpisodeRecord;
  /** From the start to the end, evenly spaced, at most FRAMES. */
  readonly frames: readonly EpisodeFrame[];
  readonly goals: readonly TaskGoal[];
}

const FRAMES = 6;

/** After the end the robot stands for so long (1.2 s), and what is to last, lasts or not. */
const SETTLE_PERIODS = 6;

/** How often the motion under way is looked at: the node's default. */
const COMMAND_RATE_HZ = 50;

/** Without an action for so many times the steps it may take, an episode ends: holds are no steps. */
const MAX_PERIODS_PER_STEP = 2;

/**
 * Runs a task in lock step until its driver has done, or has had its steps; success is judged after the robot has come to rest.
 *
 * @throws Error when it was abandoned.
 */
export async function runEpisode(task: Task, setup: EpisodeSetup): Promise<EpisodeResult> {
  const { cell, seed, world, camera, periodS } = setup;
  const maxSteps = setup.maxSteps ?? task.maxSteps;
  const physicsSteps = Math.round(periodS / world.timestepS);
  // At 50 Hz, or as near to it as whole steps of the physics come.
  const cycles = largestDivisor(physicsSteps, Math.round(periodS * COMMAND_RATE_HZ));
  const goals = task.goalImages(camera);
  task.start();
  const driver = await setup.driver(goals);
  const frames: EpisodeFrame[] = [];
  const energies: number[] = [];
  const planMs: number[] = [];
  const distancesM: number[] = [];
  let success = task.success();
  let image = camera.rgb();
  const look = (): void => {
    distancesM.push(task.distanceM());
    frames.push({ image, period: frames.length, distanceM: distancesM.at(-1)! });
  };
  for (let period = 0; !driver.over && driver.steps < maxSteps && period < MAX_PERIODS_PER_STEP * maxSteps; period++) {
    if (setup.abandoned?.() === true) throw new Error("abandoned");
    look();
    await driver.period(image);
    if (driver.energy !== undefined) energies.push(driver.energy);
    if (driver.planMs !== undefined) planMs.push(Math.round(10 * driver.planMs) / 10);
    for (let cycle = 0; cycle < cycles; cycle++) {
      world.step(physicsSteps / cycles);
      driver.cycle?.();
    }
    image = camera.rgb();
    success = task.success();
  }
  const ended = driver.over ? driver.sentence : `Ended after ${driver.steps} steps.`;
  const subGoalsDone = driver.subGoalsDone;
  driver.stop();
  for (let period = 0; period < SETTLE_PERIODS; period++) {
    world.step(physicsSteps);
    success = task.success();
  }
  image = camera.rgb();
  const finalDistanceM = task.distanceM();
  const parts = task.partsDone?.();
  frames.push({ image, period: frames.length, distanceM: finalDistanceM });
  return {
    record: {
      ...cell, seed, max_steps: maxSteps, success,
      start_distance_m: task.startDistanceM, final_distance_m: finalDistanceM, best_distance_m: Math.min(finalDistanceM, ...distancesM),
      ...(parts === undefined ? {} : { parts_done: parts.done, parts: parts.all }),
      steps: driver.steps, sub_goals: driver.subGoals ?? goals.length, sub_goals_done: subGoalsDone, ended,
      energies, distances_m: distancesM, plan_ms: planMs,
    },
    frames: evenly(frames, FRAMES),
    goals,
  };
}

/** The largest divisor of `whole` that is at most `most`. */
function largestDivisor(whole: number, most: number): number {
  let divisor = Math.max(1, Math.min(whole, most));
  while (whole % divisor !== 0) divisor--;
  return divisor;
}

/** At most `count` of the values, evenly spaced, the first and the last among them. */
function evenly<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
