import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { SimWorld } from "../world.js";
import { captureGoal, distanceJudge, StateTask, type Task, type TaskDefinition } from "./task.js";

const START_DISTANCE_M = [0.12, 0.35] as const;
const TOLERANCE_M = 0.03;
/** The goal keeps this far from cube and cup sideways, or above them, so that the tool can be there. */
const CLEAR_OF_OBJECTS_M = 0.1;
const CLEAR_ABOVE_M = 0.14;

/** Bring the tool to where it is in the goal picture, 12 to 35 cm away; cube and cup stay where they are. */
export const REACH: TaskDefinition = {
  name: "reach",
  withObject: false,
  rule: () => "tool within 3 cm of its place",
  toleranceM: TOLERANCE_M,
  maxSteps: 25,
  startDistance: { of: "tool to its place", edgesM: [0.12, 0.2, 0.27, 0.35] },
  create: createReach,
};

function createReach(world: SimWorld, seed: number): Task {
  world.reset(seed);
  const start = world.saveState();
  const from = world.toolPosition();
  const random = new Random(seed ^ 0x60a1);
  const { low, high } = FR3_WORKSPACE;
  let place: [number, number, number];
  do {
    place = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(low[2] + 0.02, high[2])];
  } while (distance(from, place) < START_DISTANCE_M[0] || distance(from, place) > START_DISTANCE_M[1] || !clear(world, place));
  world.placeArm(world.reach(place, 1));
  world.step(10);
  const goal = captureGoal("tool at its place", world);
  return new StateTask({
    definition: REACH, object: undefined, world, start, goals: [goal], startDistanceM: distance(from, goal.truth.tool),
    judge: distanceJudge(() => distance(world.toolPosition(), goal.truth.tool), TOLERANCE_M),
  });
}

function clear(world: SimWorld, place: readonly [number, number, number]): boolean {
  if (place[2] > CLEAR_ABOVE_M) return true;
  return (["cube", "cup"] as const).every((name) => {
    const at = world.objectPosition(name);
    return Math.hypot(place[0] - (at[0] as number), place[1] - (at[1] as number)) > CLEAR_OF_OBJECTS_M;
  });
}
