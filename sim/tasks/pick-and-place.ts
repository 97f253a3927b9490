import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { ObjectName, SimWorld } from "../world.js";
import { Demonstrator, inWorkspace, otherObject } from "./demonstrator.js";
import { captureGoal, type GoalState, NoTaskFound, StateTask, type Task, type TaskDefinition } from "./task.js";
import { flatDistance, isHeld, isReleased, isResting, isUntouched, readTruth } from "./truth.js";

const DISPLACEMENT_M = [0.1, 0.25] as const;
const TOLERANCE_M = 0.03;
/** How high the object is in the pictures "grasped" and "above its place", and the tool above it in "placed", m. */
const GRASPED_LIFT_M = 0.05;
const CARRIED_LIFT_M = 0.09;
const RETREAT_M = 0.07;
const CLEAR_OF_OTHER_M = 0.13;
const ATTEMPTS = 8;

/** Take an object, carry it 10 to 25 cm and put it down, in three pictures: grasped, above its place, placed. */
export const PICK_AND_PLACE: TaskDefinition = {
  name: "pick-and-place",
  withObject: true,
  rule: (object) => `${object} within 3 cm of its place, on the table, released`,
  toleranceM: TOLERANCE_M,
  maxSteps: 80,
  startDistance: { of: "object to its place", edgesM: [0.1, 0.15, 0.2, 0.25] },
  create: createPickAndPlace,
};

function createPickAndPlace(world: SimWorld, seed: number, object: ObjectName): Task {
  const random = new Random(seed ^ 0x71ce);
  world.reset(seed);
  const start = world.saveState();
  const before = readTruth(world);
  const from = before.objects[object];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const place = drawPlace(random, from, world.objectPosition(otherObject(object)));
    const goals = place === undefined ? undefined : demonstrate(world, object, place, attempt === 0 ? undefined : random);
    if (goals !== undefined && isUntouched(before, goals.at(-1)!.truth, otherObject(object))) {
      const there = goals.at(-1)!.truth.objects[object];
      const distanceM = (): number => distance(world.objectPosition(object), there);
      return new StateTask({
        definition: PICK_AND_PLACE, object, world, start, goals, startDistanceM: distance(from, there),
        judge: () => ({
          distanceM,
          success: () => flatDistance(world.objectPosition(object), there) <= TOLERANCE_M && isResting(world, object) && isReleased(world, object),
        }),
      });
    }
    world.restoreState(start);
  }
  throw new NoTaskFound(`task pick-and-place: the ${object} of seed ${seed} could not be placed in ${ATTEMPTS} attempts`);
}

/** A place on the table whose distance is uniform in its range; undefined when none was drawn. */
function drawPlace(random: Random, from: Float64Array, other: Float64Array): readonly [number, number] | undefined {
  const apartM = random.uniform(...DISPLACEMENT_M);
  for (let draw = 0; draw < 60; draw++) {
    const heading = random.uniform(-Math.PI, Math.PI);
    const place = [from[0]! + apartM * Math.cos(heading), from[1]! + apartM * Math.sin(heading)] as const;
    if (inWorkspace(place, 0.03) && flatDistance(place, other) > CLEAR_OF_OTHER_M) return place;
  }
  return undefined;
}

/** Does it; the goals are states on the way. Undefined when it failed. @param random misses the object's middle a little. */
function demonstrate(world: SimWorld, object: ObjectName, [x, y]: readonly [number, number], random?: Random): readonly GoalState[] | undefined {
  const hand = new Demonstrator(world);
  const heightM = world.objectPosition(object)[2]!;
  if (!hand.surround(object, random) || !hand.lift(object, GRASPED_LIFT_M)) return undefined;
  hand.settle();
  const grasped = captureGoal(`${object} grasped`, world);
  const here = world.toolPosition();
  hand.go([here[0]!, here[1]!, heightM + CARRIED_LIFT_M]);
  hand.go([x, y, heightM + CARRIED_LIFT_M], 0.03);
  hand.settle();
  if (!isHeld(world, object)) return undefined;
  const above = captureGoal(`${object} above its place`, world);
  hand.go([x, y, heightM + 0.003], 0.02);
  hand.grip(1);
  hand.go([x, y, heightM + RETREAT_M]);
  hand.settle();
  const truly = world.objectPosition(object);
  if (!isResting(world, object) || !isReleased(world, object) || flatDistance(truly, [x, y]) > 0.02) return undefined;
  return [grasped, above, captureGoal(`${object} placed`, world)];
}
