import { FIRST_HELD_OUT_SEED } from "./seeds.js";
import { GRASP } from "./tasks/grasp.js";
import { PICK_AND_PLACE } from "./tasks/pick-and-place.js";
import { PUSH } from "./tasks/push.js";
import { REACH } from "./tasks/reach.js";
import { REACH_WITH_OBJECT } from "./tasks/reach-with-object.js";
import { NoTaskFound, type Task, type TaskDefinition } from "./tasks/task.js";
import type { ObjectName, SimWorld } from "./world.js";

export type { Task, TaskDefinition, TaskGoal } from "./tasks/task.js";
export { FIRST_HELD_OUT_SEED } from "./seeds.js";
export { readTruth, type SceneTruth } from "./tasks/truth.js";

export const TASK_NAMES = ["reach", "push", "grasp", "reach-with-object", "pick-and-place"] as const;

export type TaskName = (typeof TASK_NAMES)[number];

export const TASKS: Readonly<Record<TaskName, TaskDefinition>> = {
  reach: REACH, push: PUSH, grasp: GRASP, "reach-with-object": REACH_WITH_OBJECT, "pick-and-place": PICK_AND_PLACE,
};

/** A seed in whose world the task cannot be shown has other worlds, this many in all; they are farther away than any seed. */
const WORLDS_PER_SEED = 3;
const NEXT_WORLD = 2 ** 30;

/**
 * Makes a task from a seed, in the room that the world is in, and leaves the world at its start. Task seeds count from the first
 * held-out seed, so no task has a world that training saw.
 *
 * @param seed whole number from 0. @param object what is handled, where something is. @throws Error when the seed is not one, or nothing
 *   is found for it.
 */
export function createTask(name: TaskName, world: SimWorld, seed: number, object: ObjectName = "cube"): Task {
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 30) throw new Error(`task ${name}: the seed is ${seed}; give a whole number from 0 to ${2 ** 30}`);
  for (let other = 0; ; other++) {
    try {
      return TASKS[name].create(world, FIRST_HELD_OUT_SEED + seed + other * NEXT_WORLD, object);
    } catch (error) {
      if (!(error instanceof NoTaskFound) || other === WORLDS_PER_SEED - 1) throw error;
    }
  }
}
