import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { SimWorld } from "../world.js";
import { StateTask, type Task } from "./task.js";

const START_DISTANCE_M = [0.12, 0.35] as const;
const TOLERANCE_M = 0.03;
/** The goal keeps this far from cube and cup sideways, or above them, so that the tool can be there. */
const CLEAR_OF_OBJECTS_M = 0.1;
const CLEAR_ABOVE_M = 0.14;

/** Bring the tool to where it is in the goal picture, 12 to 35 cm away; cube and cup stay where they are. */
export function reachTask(world: SimWorld, seed: number): Task {
  world.reset(seed);
  const start = world.saveState();
  const from = world.toolPosition();
  const random = new Random(seed ^ 0x60a1);
  const { low, high } = FR3_WORKSPACE;
  let goal: [number, number, number];
  do {
    goal = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(low[2] + 0.02, high[2])];
  } while (distance(from, goal) < START_DISTANCE_M[0] || distance(from, goal) > START_DISTANCE_M[1] || !clear(world, goal));
  world.placeArm(world.reach(goal, 1));
  world.step(10);
  const goalState = world.saveState();
  const wanted = world.toolPosition();
  world.restoreState(start);
  return new StateTask("reach", world, TOLERANCE_M, start, goalState, () => distance(world.toolPosition(), wanted));
}

function clear(world: SimWorld, goal: readonly [number, number, number]): boolean {
  if (goal[2] > CLEAR_ABOVE_M) return true;
  return (["cube", "cup"] as const).every((name) => {
    const at = world.objectPosition(name);
    return Math.hypot(goal[0] - (at[0] as number), goal[1] - (at[1] as number)) > CLEAR_OF_OBJECTS_M;
  });
}
