import { FR3 } from "../src/robot/fr3.js";
import type { RobotDescription } from "../src/robot/robot-description.js";
import { FIRST_HELD_OUT_SEED } from "./seeds.js";
import { CLEAR_TABLE, TIDY } from "./tasks/clear-table.js";
import { GRASP } from "./tasks/grasp.js";
import { PICK_AND_PLACE } from "./tasks/pick-and-place.js";
import { PUSH } from "./tasks/push.js";
import { REACH, reachOf } from "./tasks/reach.js";
import { REACH_WITH_OBJECT } from "./tasks/reach-with-object.js";
import { NoTaskFound, type Task, type TaskDefinition } from "./tasks/task.js";
import type { ObjectName, SimWorld } from "./world.js";

export type { Task, TaskDefinition, TaskGoal } from "./tasks/task.js";
export { FIRST_HELD_OUT_SEED } from "./seeds.js";
export { readTruth, type SceneTruth } from "./tasks/truth.js";

/** The table of results. */
export const TASK_NAMES = ["reach", "push", "grasp", "reach-with-object", "pick-and-place"] as const;

/** And those of more than one thing. */
export const ALL_TASK_NAMES = [...TASK_NAMES, "tidy", "clear-table"] as const;

export type TaskName = (typeof ALL_TASK_NAMES)[number];

export const TASKS: Readonly<Record<TaskName, TaskDefinition>> = {
  reach: REACH, push: PUSH, grasp: GRASP, "reach-with-object": REACH_WITH_OBJECT, "pick-and-place": PICK_AND_PLACE, tidy: TIDY, "clear-table": CLEAR_TABLE,
};

/** A task as an arm has it. */
export function taskOf(name: TaskName, description: RobotDescription = FR3): TaskDefinition {
  return name === "reach" ? reachOf(description) : TASKS[name];
}

/** A seed in whose world the task cannot be shown has other worlds, this many in all; they are farther away than any seed. */
const WORLDS_PER_SEED = 3;
const NEXT_WORLD = 2 ** 30;

/**
 * Makes a task from a seed, in the room that the world is in, and leaves the world at its start. Task seeds count from the first
 * held-out seed, so no task has a world that training saw.
 *
 * @param seed whole number from 0. @param object what is handled, where something is. @throws Error when the seed is not one, nothing
 *   is found for it, or the world is of another scene.
 */
export function createTask(name: TaskName, world: SimWorld, seed: number, object: ObjectName = "cube"): Task {
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 30) throw new Error(`task ${name}: the seed is ${seed}; give a whole number from 0 to ${2 ** 30}`);
  const { description } = world;
  if (description.name !== FR3.name && TASKS[name].anyRobot !== true) {
    throw new Error(`task ${name}: it is shown by the ${FR3.name}, the ${description.name} cannot; ask for ${TASK_NAMES.filter((task) => TASKS[task].anyRobot).join(", ")}`);
  }
  const { scene = "table" } = TASKS[name];
  if (world.scene !== scene) throw new Error(`task ${name} needs a world of the scene ${scene}, this one is ${world.scene}`);
  for (let other = 0; ; other++) {
    try {
      return TASKS[name].create(world, FIRST_HELD_OUT_SEED + seed + other * NEXT_WORLD, object);
    } catch (error) {
      if (!(error instanceof NoTaskFound) || other === WORLDS_PER_SEED - 1) throw error;
    }
  }
}
