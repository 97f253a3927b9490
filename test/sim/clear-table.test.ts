import assert from "node:assert/strict";
import { test } from "node:test";
import { SimWorld } from "../../sim/world.js";
import { createTask } from "../../sim/tasks.js";
import { TRAY } from "../../sim/scene.js";
import { RayCastCamera } from "../../sim/camera.js";

const table = await SimWorld.create();
const clearing = await SimWorld.create({ scene: "clearing" });

for (const [name, world, pictures] of [["tidy", table, 7], ["clear-table", clearing, 10]] as const) {
  test(`${name}: not done at its start, done where its last picture was taken`, () => {
    for (const seed of [0, 3]) {
      const task = createTask(name, world, seed);
      assert.equal(task.success(), false);
      assert.ok(task.partsDone!()!.done < world.things.length);
      assert.ok(task.distanceM() > 0.04, "something is outside");
      assert.ok(Math.abs(task.distanceM() - task.startDistanceM) < 0.005);
      const start = world.saveState();
      assert.equal(task.goalImages(new RayCastCamera(world, { width: 64, height: 64 })).length, pictures);
      assert.deepEqual(world.saveState(), start, "taking pictures leaves the world as it was");
      for (const thing of world.things) {
        const lane = 0.105 * (world.things.indexOf(thing) - 1);
        world.placeObject(thing, [(TRAY.low[0] + TRAY.high[0]) / 2, lane, world.restingHeight(thing)], 0);
      }
      world.placeArm(world.reach([0.38, 0, 0.3], 1));
      world.step(50);
      assert.equal(task.success(), true);
      assert.equal(task.distanceM(), 0);
      assert.deepEqual(task.partsDone!(), { done: world.things.length, all: world.things.length });
      // One thing on the table again, or one in the hand's way up, is not done.
      const last = world.things.at(-1)!;
      world.placeObject(last, [0.42, 0, world.restingHeight(last)], 0);
      assert.equal(task.success(), false);
      assert.deepEqual(task.partsDone!(), { done: world.things.length - 1, all: world.things.length });
      task.start();
      assert.deepEqual(world.saveState(), start);
    }
  });
}

test("the same seed makes the same world to clear, with nothing in the tray", () => {
  const inside = (): boolean => clearing.things.some((thing) => clearing.objectPosition(thing)[0]! > TRAY.low[0]);
  let cleared = 0;
  for (let seed = 0; seed < 30; seed++) {
    clearing.reset(seed);
    if (inside()) cleared++;
    clearing.reset(seed, { uncleared: true });
    assert.equal(inside(), false);
    const state = clearing.saveState();
    clearing.reset(seed + 1);
    clearing.reset(seed, { uncleared: true });
    assert.deepEqual(clearing.saveState(), state);
  }
  assert.ok(cleared > 5, "exploration begins with things in the tray, too");
});

test("a task is refused in another scene than its own, and a thing that a scene does not have", () => {
  assert.throws(() => createTask("clear-table", table, 0), /task clear-table needs a world of the scene clearing, this one is table/);
  assert.throws(() => createTask("reach", clearing, 0), /task reach needs a world of the scene table/);
  assert.throws(() => table.objectPosition("puck"), /the scene table has no puck; it has cube, cup/);
});
