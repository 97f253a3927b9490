import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { ObjectName, SimWorld } from "../world.js";
import { Demonstrator, inWorkspace, otherObject, type Place } from "./demonstrator.js";
import { captureGoal, distanceJudge, NoTaskFound, StateTask, type Task, type TaskDefinition } from "./task.js";
import { flatDistance, isResting, isUntouched, readTruth } from "./truth.js";

const DISPLACEMENT_M = [0.06, 0.15] as const;
const TOLERANCE_M = 0.03;
/** A push may end this far from the displacement that was wanted. */
const MISS_M = 0.01;
const BEHIND_M = 0.066;
const CLEAR_OF_OTHER_M = 0.1;
const ATTEMPTS = 45;
/** So many failed pushes, and the displacement is drawn again: from a corner of the table not all are possible. */
const ATTEMPTS_PER_DRAW = 15;

/** Push an object to where it is in the goal picture, 6 to 15 cm away; the goal comes from a push that was really done. */
export const PUSH: TaskDefinition = {
  name: "push",
  withObject: true,
  rule: (object) => `${object} within 3 cm of its place`,
  toleranceM: TOLERANCE_M,
  maxSteps: 40,
  startDistance: { of: "object to its place", edgesM: [0.06, 0.09, 0.12, 0.15] },
  create: createPush,
};

function createPush(world: SimWorld, seed: number, object: ObjectName): Task {
  const random = new Random(seed ^ 0x9054);
  let wantedM = 0;
  world.reset(seed);
  const start = world.saveState();
  const before = readTruth(world);
  const from = before.objects[object];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt % ATTEMPTS_PER_DRAW === 0) wantedM = random.uniform(...DISPLACEMENT_M);
    const heading = drawHeading(random, world, object, wantedM);
    if (heading === undefined) continue;
    push(world, object, heading, wantedM);
    const movedM = distance(from, world.objectPosition(object));
    if (isUntouched(before, readTruth(world), otherObject(object)) && isResting(world, object) && Math.abs(movedM - wantedM) < MISS_M && movedM >= DISPLACEMENT_M[0] && movedM <= DISPLACEMENT_M[1]) {
      const goal = captureGoal(`${object} at its place`, world);
      const place = goal.truth.objects[object];
      return new StateTask({
        definition: PUSH, object, world, start, goals: [goal], startDistanceM: distance(from, place),
        judge: distanceJudge(() => distance(world.objectPosition(object), place), TOLERANCE_M),
      });
    }
    world.restoreState(start);
  }
  throw new NoTaskFound(`task push: no push of ${DISPLACEMENT_M.join(" to ")} m was found for seed ${seed} in ${ATTEMPTS} attempts`);
}

/** A direction (rad) with room for tool and object, the other object out of the way; undefined when none was drawn. */
function drawHeading(random: Random, world: SimWorld, object: ObjectName, distanceM: number): number | undefined {
  const at = world.objectPosition(object);
  const other = world.objectPosition(otherObject(object));
  for (let draw = 0; draw < 40; draw++) {
    const heading = random.uniform(-Math.PI, Math.PI);
    const along = (by: number): [number, number] => [at[0]! + by * Math.cos(heading), at[1]! + by * Math.sin(heading)];
    const free = [-BEHIND_M, 0, distanceM / 2, distanceM].every((by) => flatDistance(along(by), other) > CLEAR_OF_OTHER_M);
    if (free && inWorkspace(along(-BEHIND_M), 0) && inWorkspace(along(distanceM), 0.03)) return heading;
  }
  return undefined;
}

/** From behind the object through it, until it has moved as far as wanted, or slips away. */
function push(world: SimWorld, object: ObjectName, heading: number, wantedM: number): void {
  const from = world.objectPosition(object);
  const heightM = Math.max(0.024, 0.8 * world.restingHeight(object));
  const along = (by: number, z: number): Place => [from[0]! + by * Math.cos(heading), from[1]! + by * Math.sin(heading), z];
  const place = along(wantedM, heightM);
  const hand = new Demonstrator(world);
  // The fingers open along y: a round thing that is pushed along x lies between them, elsewhere one finger is as good as two.
  hand.grip(object === "cup" && Math.abs(Math.cos(heading)) > 0.6 ? 0.5 : 0);
  const above = Math.max(0.16, world.toolPosition()[2]!);
  hand.go(along(-BEHIND_M, above));
  hand.go(along(-BEHIND_M, heightM));
  for (let step = 0; step < 24; step++) {
    const at = world.objectPosition(object);
    const leftM = wantedM - distance(from, at);
    if (leftM < 0.002) break;
    const forwardM = Math.min(0.03, Math.max(0.004, leftM));
    const tool = world.toolPosition();
    const way = Math.max(1e-6, flatDistance(place, at));
    const [ux, uy] = [(place[0] - at[0]!) / way, (place[1] - at[1]!) / way];
    // Beside the line from object to place it would roll off: back onto the line, while going on.
    const besideM = (tool[0]! - at[0]!) * uy - (tool[1]! - at[1]!) * ux;
    hand.step([tool[0]! + forwardM * ux - besideM * uy, tool[1]! + forwardM * uy + besideM * ux, heightM], Math.max(forwardM, 0.015));
  }
  hand.settle();
}
