import type { Task } from "./tasks/task.js";
import { pushTask } from "./tasks/push.js";
import { reachTask } from "./tasks/reach.js";
import type { SimWorld } from "./world.js";

export type { Task } from "./tasks/task.js";

const TASKS = { reach: reachTask, push: pushTask } as const;

export type TaskName = keyof typeof TASKS;

export const TASK_NAMES = Object.keys(TASKS) as TaskName[];

/** World seeds from here on are kept for tasks; training never sees them. */
export const FIRST_HELD_OUT_SEED = 1_000_000;

/**
 * Makes a task from a seed and leaves the world at its start. Task seeds count from the first held-out seed, so no task
 * has a world that training saw.
 *
 * @param seed whole number from 0. @throws Error when it is not one.
 */
export function createTask(name: TaskName, world: SimWorld, seed: number): Task {
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 30) throw new Error(`task ${name}: the seed is ${seed}; give a whole number from 0 to ${2 ** 30}`);
  return TASKS[name](world, FIRST_HELD_OUT_SEED + seed);
}
