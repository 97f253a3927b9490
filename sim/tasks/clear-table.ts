import { distance } from "../distance.js";
import { Random } from "../random.js";
import { FR3_WORKSPACE } from "../../src/robot/fr3.js";
import { TRAY } from "../scene.js";
import type { SimWorld, ThingName } from "../world.js";
import { Demonstrator } from "./demonstrator.js";
import { captureGoal, type GoalState, NoTaskFound, StateTask, type Task, type TaskDefinition } from "./task.js";
import { isHeld, isReleased, isResting } from "./truth.js";

/** How high a thing is in the pictures "grasped" and "above the tray" (higher than the tallest thing), and the tool above it in "placed", m. */
const GRASPED_LIFT_M = 0.05;
const CARRIED_LIFT_M = 0.13;
const RETREAT_M = 0.1;
/** Places in the tray are side by side along y, as far apart as open fingers need, and miss the middle by at most this, m. */
const SLOT_APART_M = 0.105;
const SLOT_MISS_M = 0.012;
/** Where the hand is in the last picture: behind everything and high, so that it hides nothing, m. */
const AWAY_M = [0.38, 0, 0.3] as const;
const ATTEMPTS = 12;

/** Put a puck, a cube and a cup from the table into the tray: three pictures a thing (grasped, above the tray, placed), and a last one of the table cleared. */
export const CLEAR_TABLE: TaskDefinition = {
  name: "clear-table",
  withObject: false,
  scene: "clearing",
  rule: () => "puck, cube and cup in the tray, at rest, released",
  toleranceM: 0,
  maxSteps: 360,
  startDistance: { of: "farthest thing to the tray", edgesM: [0, 0.15, 0.2, 0.25, 0.35] },
  create: (world, seed) => create(CLEAR_TABLE, world, seed),
};

/** The same with the two things of the demo scene, and to where the tray would be: for models that know no puck and no tray. */
export const TIDY: TaskDefinition = {
  ...CLEAR_TABLE,
  name: "tidy",
  scene: "table",
  rule: () => "cube and cup on the strip of the table where a tray would be, at rest, released",
  maxSteps: 160,
  startDistance: { ...CLEAR_TABLE.startDistance, of: "farthest thing to the strip" },
  create: (world, seed) => create(TIDY, world, seed),
};

function create(definition: TaskDefinition, world: SimWorld, seed: number): Task {
  const random = new Random(seed ^ 0x7ab1e);
  world.reset(seed, { uncleared: true });
  if (world.scene === "table") untidy(world, random);
  const start = world.saveState();
  const startDistanceM = farthestFromTrayM(world);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const goals = demonstrate(world, random, attempt > 0);
    if (goals !== undefined) {
      return new StateTask({
        definition, object: undefined, world, start, goals, startDistanceM,
        judge: () => {
          const done = (): number => world.things.filter((thing) => fromTrayM(world, thing) === 0 && isResting(world, thing) && isReleased(world, thing)).length;
          return { distanceM: () => farthestFromTrayM(world), success: () => done() === world.things.length, partsDone: () => ({ done: done(), all: world.things.length }) };
        },
      });
    }
    world.restoreState(start);
  }
  throw new NoTaskFound(`task ${definition.name}: the table of seed ${seed} could not be cleared in ${ATTEMPTS} attempts`);
}

/** Puts the things to the arm's side of the strip. */
function untidy(world: SimWorld, random: Random): void {
  const { low, high } = FR3_WORKSPACE;
  const draw = (): readonly [number, number] => [random.uniform(low[0] + 0.03, TRAY.low[0] - 0.05), random.uniform(low[1] + 0.05, high[1] - 0.05)];
  let places: (readonly [number, number])[];
  do places = world.things.map(draw); while (places.some(([x, y], i) => places.slice(i + 1).some(([otherX, otherY]) => Math.hypot(x - otherX, y - otherY) < 0.12)));
  for (const [i, thing] of world.things.entries()) world.placeObject(thing, [...places[i]!, world.restingHeight(thing)], 0);
  world.step(25);
}

/** How far the thing that is farthest from the tray is from it, m; 0: all are inside. */
function farthestFromTrayM(world: SimWorld): number {
  return Math.max(...world.things.map((thing) => fromTrayM(world, thing)));
}

function fromTrayM(world: SimWorld, thing: ThingName): number {
  const outside = (value: number, axis: 0 | 1): number => Math.max(0, TRAY.low[axis] - value, value - TRAY.high[axis]);
  const [x, y] = world.objectPosition(thing);
  return Math.hypot(outside(x!, 0), outside(y!, 1));
}

/** Does it, one thing after the other; undefined when something failed. */
function demonstrate(world: SimWorld, random: Random, missing: boolean): readonly GoalState[] | undefined {
  const middle = [0, 1].map((axis) => (TRAY.low[axis as 0] + TRAY.high[axis as 0]) / 2) as [number, number];
  const things = shuffled(random, world.things);
  const slots = shuffled(random, [-1, 0, 1]);
  const goals: GoalState[] = [];
  for (const [i, thing] of things.entries()) {
    const miss = (): number => random.uniform(-SLOT_MISS_M, SLOT_MISS_M);
    const place = [middle[0] + miss(), middle[1] + slots[i]! * SLOT_APART_M + miss()] as const;
    const shown = put(world, thing, place, missing ? random : undefined);
    if (shown === undefined) return undefined;
    goals.push(...shown);
  }
  const hand = new Demonstrator(world);
  const here = world.toolPosition();
  hand.go([here[0]!, here[1]!, AWAY_M[2]]);
  hand.go(AWAY_M);
  hand.settle();
  goals.push(captureGoal("table cleared", world));
  return farthestFromTrayM(world) === 0 && world.things.every((thing) => isResting(world, thing)) ? goals : undefined;
}

function put(world: SimWorld, thing: ThingName, [x, y]: readonly [number, number], random: Random | undefined): readonly GoalState[] | undefined {
  const hand = new Demonstrator(world);
  const heightM = world.objectPosition(thing)[2]!;
  if (!hand.surround(thing, random) || !hand.lift(thing, GRASPED_LIFT_M)) return undefined;
  hand.settle();
  const grasped = captureGoal(`${thing} grasped`, world);
  const here = world.toolPosition();
  const gripM = here[2]! - GRASPED_LIFT_M;
  hand.go([here[0]!, here[1]!, gripM + CARRIED_LIFT_M]);
  hand.go([x, y, gripM + CARRIED_LIFT_M], 0.03);
  hand.settle();
  if (!isHeld(world, thing)) return undefined;
  const above = captureGoal(`${thing} above the tray`, world);
  hand.go([x, y, gripM + 0.003], 0.02);
  hand.grip(1);
  hand.go([x, y, heightM + RETREAT_M]);
  hand.settle();
  if (!isResting(world, thing) || !isReleased(world, thing) || distance(world.objectPosition(thing), [x, y, heightM]) > 0.02) return undefined;
  return [grasped, above, captureGoal(`${thing} in the tray`, world)];
}

/** A copy in a random order. */
function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0]!);
}
