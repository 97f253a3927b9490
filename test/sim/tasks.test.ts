import assert from "node:assert/strict";
import { test } from "node:test";
import { RayCastCamera } from "../../sim/camera.js";
import { createTask, FIRST_HELD_OUT_SEED, TASK_NAMES } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { assertOneLineError, distance, seen } from "./helpers.js";

const world = await SimWorld.create();
const camera = new RayCastCamera(world, { width: 64, height: 64 });

/** Numbers of a picture that differ by more than rounding. */
function differences(a: Uint8Array, b: Uint8Array): number {
  return a.filter((value, i) => Math.abs(value - b[i]!) > 8).length;
}

test("reach starts 12 to 35 cm from its goal", () => {
  for (let seed = 0; seed < 30; seed++) {
    const task = createTask("reach", world, seed);
    const start = task.distanceM();
    // The goal is where the arm came to rest, a few millimetres from the place that was drawn.
    assert.ok(start > 0.115 && start < 0.355, `seed ${seed}: ${start} m`);
    assert.ok(task.toleranceM < 0.12);
  }
});

test("push starts 6 to 15 cm from its goal, with the cube at rest", () => {
  for (let seed = 0; seed < 4; seed++) {
    const task = createTask("push", world, seed);
    const start = task.distanceM();
    assert.ok(start >= 0.06 && start <= 0.15, `seed ${seed}: ${start} m`);
    world.step(25);
    assert.ok(Math.abs(task.distanceM() - start) < 0.001, `seed ${seed}: the cube moves by itself`);
  }
});

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
    world.placeObject("cube", [0.62, 0.21, 0.025], 1);
    world.step(20);
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
