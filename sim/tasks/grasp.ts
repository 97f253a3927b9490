import { distance } from "../distance.js";
import { Random } from "../random.js";
import type { ObjectName, SimWorld } from "../world.js";
import { Demonstrator, otherObject } from "./demonstrator.js";
import { captureGoal, type Judge, NoTaskFound, StateTask, type Task, type TaskDefinition } from "./task.js";
import { isUntouched, liftM, readTruth } from "./truth.js";

/** The rule: this high above where it rests, at so many ends of periods in a row: from the first to the last is 1 s. */
const LIFT_M = 0.05;
const HELD_ENDS = 6;
/** In the goal picture it is higher, so that a planner that comes near has done enough. */
const SHOWN_LIFT_M = 0.1;
const ATTEMPTS = 8;

/** Take an object and hold it above the table, as in the second goal picture; in the first the open hand is round it. */
export const GRASP: TaskDefinition = {
  name: "grasp",
  withObject: true,
  rule: (object) => `${object} held 5 cm above the table for 1 s`,
  toleranceM: 0,
  maxSteps: 50,
  startDistance: { of: "tool to object", edgesM: [0.05, 0.15, 0.25, 0.45] },
  create: createGrasp,
};

function createGrasp(world: SimWorld, seed: number, object: ObjectName): Task {
  const random = new Random(seed ^ 0x96a5);
  world.reset(seed);
  const start = world.saveState();
  const before = readTruth(world);
  const startDistanceM = distance(world.toolPosition(), world.objectPosition(object));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const hand = new Demonstrator(world);
    if (hand.surround(object, attempt === 0 ? undefined : random)) {
      hand.settle();
      const around = captureGoal(`open round the ${object}`, world);
      if (hand.lift(object, SHOWN_LIFT_M)) {
        hand.settle();
        const held = captureGoal(`${object} held above the table`, world);
        if (liftM(world, object) > SHOWN_LIFT_M - 0.02 && isUntouched(before, held.truth, otherObject(object))) {
          return new StateTask({
            definition: GRASP, object, world, start, startDistanceM, goals: [around, held], judge: () => new HeldJudge(world, object),
          });
        }
      }
    }
    world.restoreState(start);
  }
  throw new NoTaskFound(`task grasp: the ${object} of seed ${seed} could not be taken in ${ATTEMPTS} attempts`);
}

/** Held high enough for long enough, once; what is done with it afterwards does not count. */
class HeldJudge implements Judge {
  readonly #world: SimWorld;
  readonly #object: ObjectName;
  #ends = 0;

  constructor(world: SimWorld, object: ObjectName) {
    this.#world = world;
    this.#object = object;
  }

  /** Height that is missing, m. */
  distanceM(): number {
    return Math.max(0, LIFT_M - liftM(this.#world, this.#object));
  }

  success(): boolean {
    if (this.#ends < HELD_ENDS) this.#ends = this.distanceM() === 0 ? this.#ends + 1 : 0;
    return this.#ends >= HELD_ENDS;
  }
}
