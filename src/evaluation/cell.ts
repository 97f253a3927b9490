import { ENVIRONMENT_FAMILIES, type EnvironmentFamily } from "../../sim/environments/index.js";
import { TASK_NAMES, type TaskName, TASKS } from "../../sim/tasks.js";
import type { ObjectName } from "../../sim/world.js";

/**
 * Who moves the robot: the world model's planner; the same with the simulator's truth instead of pictures; nobody; random actions; the same planner with
 * the simulator itself as its world model.
 */
export const POLICIES = ["jepa", "true-perception", "persistence", "random", "oracle"] as const;

export type Policy = (typeof POLICIES)[number];

export type { EnvironmentFamily };

/** One cell of the table: all its episodes differ only by their seed. */
export interface Cell {
  readonly task: TaskName;
  /** Null for tasks without one. */
  readonly object: ObjectName | null;
  readonly environment: EnvironmentFamily;
  readonly policy: Policy;
}

/** The environments that move and mean nothing: `--env noise`. */
export const NOISE_FAMILIES: readonly EnvironmentFamily[] = ["television", "flicker", "shadows"];

export function cellOf(task: TaskName, object: ObjectName, environment: EnvironmentFamily, policy: Policy): Cell {
  return { task, object: TASKS[task].withObject ? object : null, environment, policy };
}

/** A name for files and lists: `push-cube.plain.jepa`. */
export function cellName({ task, object, environment, policy }: Cell): string {
  return `${taskLabel({ task, object })}.${environment}.${policy}`;
}

/** The task with its object. */
export function taskLabel({ task, object }: Pick<Cell, "task" | "object">): string {
  return object === null ? task : `${task}-${object}`;
}

/** What limits a suite; what is left out is not limited. */
export interface SuiteFilter {
  readonly task?: TaskName | undefined;
  readonly object?: ObjectName | undefined;
  readonly environment?: EnvironmentFamily | undefined;
  readonly policy?: Policy | undefined;
}

/**
 * The whole table: each task with each object in the plain room by every policy, and with the cube in all other rooms by the
 * planner. Tasks of several things, which not every policy knows, are in no suite.
 */
export function suiteCells(filter: SuiteFilter = {}): Cell[] {
  const cells = TASK_NAMES.flatMap((task) =>
    (TASKS[task].withObject ? ["cube", "cup"] as const : [null]).flatMap((object): Cell[] => [
      ...POLICIES.map((policy): Cell => ({ task, object, environment: "plain", policy })),
      ...(object === "cup" ? [] : ENVIRONMENT_FAMILIES.filter((family) => family !== "plain").map((environment): Cell => ({ task, object, environment, policy: "jepa" }))),
    ]));
  const fits = (wanted: string | undefined, is: string | null): boolean => wanted === undefined || is === null || wanted === is;
  return cells.filter((cell) => fits(filter.task, cell.task) && fits(filter.object, cell.object)
    && fits(filter.environment, cell.environment) && fits(filter.policy, cell.policy));
}
