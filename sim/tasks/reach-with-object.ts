import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { ObjectName, SimWorld } from "../world.js";
import { Demonstrator, inWorkspace, otherObject, type Place } from "./demonstrator.js";
import { captureGoal, NoTaskFound, StateTask, type Task, type TaskDefinition } from "./task.js";
import { flatDistance, isHeld, isUntouched, readTruth } from "./truth.js";

const DISTANCE_M = [0.1, 0.3] as const;
const TOLERANCE_M = 0.03;
/** Lowest place of the tool: what it holds hangs clear of the table. */
const LOWEST_M = 0.12;
/** The hand keeps this far from the other object sideways, or above it. */
const CLEAR_M = 0.13;
const CLEAR_ABOVE_M = 0.18;
const ATTEMPTS = 8;

/** Bring an object that is in the hand to where it is in the goal picture: the tool's places are 10 to 30 cm apart. */
export const REACH_WITH_OBJECT: TaskDefinition = {
  name: "reach-with-object",
  withObject: true,
  rule: (object) => `${object} within 3 cm of its place, in the hand`,
  toleranceM: TOLERANCE_M,
  maxSteps: 30,
  startDistance: { of: "object to its place", edgesM: [0.1, 0.17, 0.23, 0.3] },
  create: createReachWithObject,
};

function createReachWithObject(world: SimWorld, seed: number, object: ObjectName): Task {
  const random = new Random(seed ^ 0x3a9d);
  world.reset(seed);
  const reset = world.saveState();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const places = drawPlaces(random, world.objectPosition(otherObject(object)));
    const hand = new Demonstrator(world);
    if (places !== undefined && hand.surround(object, attempt === 0 ? undefined : random) && hand.lift(object, 0.12) && hand.go(places.from, 0.03) && isHeld(world, object)) {
      hand.settle();
      const start = world.saveState();
      const before = readTruth(world);
      const from = before.objects[object];
      hand.go(places.to, 0.03);
      hand.settle();
      const goal = captureGoal(`${object} held at its place`, world);
      if (isHeld(world, object) && isUntouched(before, goal.truth, otherObject(object))) {
        const place = goal.truth.objects[object];
        const distanceM = (): number => distance(world.objectPosition(object), place);
        return new StateTask({
          definition: REACH_WITH_OBJECT, object, world, start, goals: [goal], startDistanceM: distance(from, place),
          judge: () => ({ distanceM, success: () => distanceM() <= TOLERANCE_M && isHeld(world, object) }),
        });
      }
    }
    world.restoreState(reset);
  }
  throw new NoTaskFound(`task reach-with-object: the ${object} of seed ${seed} could not be carried in ${ATTEMPTS} attempts`);
}

/** Two places of the tool whose distance is uniform in its range; undefined when none were drawn. */
function drawPlaces(random: Random, other: Float64Array): { from: Place; to: Place } | undefined {
  const { low, high } = FR3_WORKSPACE;
  const apartM = random.uniform(...DISTANCE_M);
  const fits = (place: Place): boolean =>
    inWorkspace(place, 0.02) && place[2] >= LOWEST_M && place[2] <= high[2] && (place[2] > CLEAR_ABOVE_M || flatDistance(place, other) > CLEAR_M);
  for (let draw = 0; draw < 200; draw++) {
    const from: Place = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(LOWEST_M, high[2])];
    const direction = [random.normal(), random.normal(), random.normal()];
    const length = Math.hypot(...direction);
    const to = from.map((value, axis) => value + (apartM * direction[axis]!) / length) as [number, number, number];
    if (fits(from) && fits(to)) return { from, to };
  }
  return undefined;
}
