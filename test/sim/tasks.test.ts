import assert from "node:assert/strict";
import { test } from "node:test";
import { RayCastCamera } from "../../sim/camera.js";
import { createTask, FIRST_HELD_OUT_SEED, type Task, TASK_NAMES, TASKS } from "../../sim/tasks.js";
import { Demonstrator } from "../../sim/tasks/demonstrator.js";
import { isHeld, isReleased, isResting, liftM } from "../../sim/tasks/truth.js";
import { type ObjectName, SimWorld } from "../../sim/world.js";
import { assertOneLineError, distance, seen } from "./helpers.js";

const world = await SimWorld.create();
const camera = new RayCastCamera(world, { width: 64, height: 64 });

/** Numbers of a picture that differ by more than rounding. */
function differences(a: Uint8Array, b: Uint8Array): number {
  return a.filter((value, i) => Math.abs(value - b[i]!) > 8).length;
}

/** One control period. */
function period(): void {
  world.step(50);
}

/** Whether a task counts as done after so many periods in which nothing is sent. */
function doneAfter(task: Task, periods: number): boolean {
  let done = task.success();
  for (let i = 0; i < periods; i++) {
    period();
    done = task.success();
  }
  return done;
}

test("reach starts 12 to 35 cm from its goal", () => {
  for (let seed = 0; seed < 30; seed++) {
    const task = createTask("reach", world, seed);
    const start = task.distanceM();
    // The goal is where the arm came to rest, a few millimetres from the place that was drawn.
    assert.ok(start > 0.115 && start < 0.355, `seed ${seed}: ${start} m`);
    assert.ok(task.toleranceM < 0.12);
    assert.equal(task.startDistanceM, start);
  }
});

test("push starts 6 to 15 cm from its goal, spread over all of it, with the object at rest", () => {
  const starts: number[] = [];
  for (let seed = 0; seed < 8; seed++) {
    const task = createTask("push", world, seed, seed % 2 === 0 ? "cube" : "cup");
    const start = task.distanceM();
    assert.ok(start >= 0.06 && start <= 0.15, `seed ${seed}: ${start} m`);
    starts.push(start);
    world.step(25);
    assert.ok(Math.abs(task.distanceM() - start) < 0.001, `seed ${seed}: the object moves by itself`);
  }
  assert.ok(Math.min(...starts) < 0.095 && Math.max(...starts) > 0.125, starts.join(" "));
});

for (const object of ["cube", "cup"] as const) {
  test(`grasp, ${object}: the pictures are the open hand round it, and it held up`, () => {
    const task = createTask("grasp", world, 11, object);
    const [around, held] = task.goalTruths;
    assert.deepEqual(task.goalImages(camera).map((goal) => goal.name), [`open round the ${object}`, `${object} held above the table`]);
    assert.ok(around!.openingM > 0.075 && distance(around!.tool, around!.objects[object]) < 0.015);
    assert.ok(held!.openingM < 0.075 && distance(held!.tool, held!.objects[object]) < 0.03);
    assert.ok(held!.objects[object][2]! - around!.objects[object][2]! > 0.07);
  });

  test(`grasp, ${object}: it counts when it was held for a second, and not before`, () => {
    const task = createTask("grasp", world, 11, object);
    assert.ok(Math.abs(task.distanceM() - 0.05) < 0.001);
    const hand = new Demonstrator(world);
    assert.ok(hand.surround(object));
    assert.equal(doneAfter(task, 8), false, "not on the table");
    assert.ok(hand.lift(object, 0.08));
    hand.settle();
    assert.ok(isHeld(world, object) && liftM(world, object) > 0.05);
    assert.equal(task.distanceM(), 0);
    assert.equal(doneAfter(task, 4), false);
    assert.equal(doneAfter(task, 0), true, "five periods of 0.2 s, with both their ends");
    hand.grip(1);
    assert.equal(doneAfter(task, 2), true, "what comes later does not count");
    task.start();
    assert.equal(task.success(), false, "the next episode starts anew");
  });

  test(`reach with object: the ${object} is in the hand at the start, 10 to 30 cm from its place, and stays there`, () => {
    const task = createTask("reach-with-object", world, 12, object);
    assert.ok(isHeld(world, object));
    assert.ok(task.startDistanceM > 0.09 && task.startDistanceM < 0.31, String(task.startDistanceM));
    const start = task.distanceM();
    assert.equal(doneAfter(task, 10), false);
    assert.ok(Math.abs(task.distanceM() - start) < 0.005, "it does not slip");
  });

  test(`reach with object: the ${object} at its place counts in the hand only`, () => {
    const task = createTask("reach-with-object", world, 12, object);
    const { objects } = task.goalTruths[0]!;
    world.placeArm(world.reach([0.4, 0, 0.3], 1));
    world.placeObject(object, [objects[object][0]!, objects[object][1]!, objects[object][2]!], 0);
    assert.ok(task.distanceM() < 0.001);
    assert.equal(task.success(), false, "in the air without a hand");
  });

  test(`pick and place, ${object}: the pictures are grasped, above its place, placed`, () => {
    const task = createTask("pick-and-place", world, 13, object);
    const [grasped, above, placed] = task.goalTruths.map((truth) => truth.objects[object]);
    assert.deepEqual(task.goalImages(camera).map((goal) => goal.name), [`${object} grasped`, `${object} above its place`, `${object} placed`]);
    const start = world.objectPosition(object);
    assert.ok(grasped![2]! - start[2]! > 0.03 && above![2]! - start[2]! > 0.06 && Math.abs(placed![2]! - start[2]!) < 0.005);
    assert.ok(Math.hypot(above![0]! - placed![0]!, above![1]! - placed![1]!) < 0.02);
    assert.ok(task.goalTruths[2]!.tool[2]! - placed![2]! > 0.05 && task.goalTruths[2]!.openingM > 0.075);
    assert.ok(task.startDistanceM > 0.08 && task.startDistanceM < 0.27);
  });

  test(`pick and place, ${object}: at its place it counts when it stands there and is let go`, () => {
    const task = createTask("pick-and-place", world, 13, object);
    const [x, y] = [...task.goalTruths[2]!.objects[object]] as [number, number];
    const rest = world.restingHeight(object);
    assert.equal(task.success(), false);
    world.placeArm(world.reach([0.4, 0, 0.3], 1));
    world.placeObject(object, [x + 0.02, y, rest], 0);
    period();
    assert.ok(isResting(world, object) && isReleased(world, object));
    assert.equal(task.success(), true);
    world.placeObject(object, [x + 0.04, y, rest], 0);
    assert.equal(task.success(), false, "too far");
    world.placeObject(object, [x, y, rest + 0.03], 0);
    assert.equal(task.success(), false, "in the air");
    world.placeObject(object, [x, y, rest], 0);
    world.placeArm(world.reach([x, y, rest + 0.005], 0.6));
    assert.equal(task.success(), false, "still between the fingers");
  });
}

for (const name of TASK_NAMES) {
  test(`${name}: the goal picture shows another place, and looking at it leaves the world as it is`, () => {
    const task = createTask(name, world, 5);
    const before = world.saveState();
    const goal = task.goalImage(camera);
    assert.deepEqual(world.saveState(), before);
    assert.ok(differences(goal.data, camera.rgb().data) > 100);
    assert.deepEqual(task.goalImage(camera).data, goal.data);
  });

  test(`${name}: start() goes back to the start exactly, and the judge measures the world as it is`, () => {
    const task = createTask(name, world, 6);
    const [before, start] = [world.saveState(), task.distanceM()];
    world.placeArm(world.reach([0.4, 0.2, 0.3], 0));
    world.placeObject("cube", [0.62, 0.21, 0.06], 1);
    assert.ok(Math.abs(task.distanceM() - start) > 0.005, "it sees that arm and cube were moved");
    task.start();
    assert.deepEqual(world.saveState(), before);
    assert.equal(task.distanceM(), start);
  });

  test(`${name}: the same seed is the same task in another world, another seed another task`, async () => {
    const other = await SimWorld.create();
    other.reset(99);
    other.step(33);
    const picture = createTask(name, world, 7).goalImage(camera).data;
    const start = seen(world);
    const again = createTask(name, other, 7);
    assert.deepEqual(seen(other), start);
    assert.deepEqual(again.goalImage(new RayCastCamera(other, { width: 64, height: 64 })).data, picture);
    assert.ok(differences(createTask(name, world, 8).goalImage(camera).data, picture) > 100);
  });

  test(`${name}: seeds that are no whole numbers from 0 are refused by value`, () => {
    for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 30 + 1]) {
      assertOneLineError(() => createTask(name, world, seed), new RegExp(`^task ${name}: the seed is ${String(seed).replace("+", "\\+")}; `));
    }
  });
}

test("every task says what it is", () => {
  for (const name of TASK_NAMES) {
    const { edgesM } = TASKS[name].startDistance;
    assert.equal(TASKS[name].name, name);
    assert.ok(edgesM.every((edge, i) => i === 0 || edge > edgesM[i - 1]!));
    const task = createTask(name, world, 2, "cup");
    const object: ObjectName | undefined = TASKS[name].withObject ? "cup" : undefined;
    assert.equal(task.object, object);
    assert.equal(task.maxSteps, TASKS[name].maxSteps);
    assert.equal(task.goalTruths.length, task.goalImages(camera).length);
    assert.equal(task.success(), false, `${name} is not done at its start`);
  }
});

test("task worlds are not among those training may see", () => {
  world.reset(3);
  const training = [...world.objectPosition("cube")];
  createTask("reach", world, 3);
  assert.ok(distance(world.objectPosition("cube"), training) > 1e-3);
  const cube = world.objectPosition("cube");
  world.reset(FIRST_HELD_OUT_SEED + 3);
  assert.ok(distance(world.objectPosition("cube"), cube) < 1e-5);
});

test("in a reach task the objects stay where they are: only the tool is judged", () => {
  const task = createTask("reach", world, 9);
  const start = task.distanceM();
  world.placeObject("cube", [0.36, 0.2, 0.025], 0);
  assert.ok(Math.abs(task.distanceM() - start) < 1e-9);
});
