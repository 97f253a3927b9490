import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { actuate } from "../../sim/actuate.js";
import { drawExplorer, type Explorer, MAX_STEP_M, pushExplorer } from "../../sim/exploration.js";
import { Random } from "../../sim/random.js";
import { SimWorld } from "../../sim/world.js";
import { CommandPipeline } from "../../src/safety/index.js";
import { distance } from "./helpers.js";
import { uniform } from "../uniform.js";

/** What an explorer looks at, without physics: the tool goes where it is sent, the objects are where they are. */
function sketch(tool: number[], cube: number[], cup: number[]): { world: SimWorld; move: (action: Float32Array) => void } {
  const world = { scene: "table", things: ["cube", "cup"], toolPosition: () => Float64Array.from(tool), objectPosition: (name: string) => Float64Array.from(name === "cube" ? cube : cup) };
  return { world: world as unknown as SimWorld, move: (action) => { for (const axis of [0, 1, 2]) tool[axis]! += action[axis]!; } };
}

const place = fc.tuple(uniform(-0.5, 1.5), uniform(-1, 1), uniform(-0.7, 0.6));

test("whatever the seed and wherever things are, actions stay inside their bounds and repeat", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), place, place, place, (seed, tool, cube, cup) => {
    for (const draw of [drawExplorer, (random: Random): Explorer => pushExplorer(random, "cup")]) {
      const run = (): number[][] => {
        const { world, move } = sketch([...tool], [...cube], [...cup]);
        const explore = draw(new Random(seed));
        return Array.from({ length: 40 }, () => {
          const action = explore(world);
          move(action);
          return [...action];
        });
      };
      const actions = run();
      for (const action of actions) {
        assert.equal(action.length, 4);
        for (const axis of [0, 1, 2]) assert.ok(Math.abs(action[axis]!) <= MAX_STEP_M, action.join(" "));
        assert.ok(action[3]! >= 0 && action[3]! <= 1, action.join(" "));
      }
      assert.deepEqual(run(), actions);
    }
  }), { numRuns: 150 });
});

test("exploration moves the objects: random motion alone hardly ever would", async () => {
  const world = await SimWorld.create();
  let [moved, lifted] = [0, 0];
  const episodes = 16;
  for (let seed = 0; seed < episodes; seed++) {
    world.reset(seed);
    const starts = (["cube", "cup"] as const).map((name) => world.objectPosition(name));
    const pipeline = new CommandPipeline(world.robot.limits);
    pipeline.reset(world.jointState());
    const explore = drawExplorer(new Random(seed ^ 0x5eed));
    let highest = 0;
    for (let step = 0; step < 32; step++) {
      actuate(world, pipeline, explore(world));
      highest = Math.max(highest, world.objectPosition("cube")[2]!, world.objectPosition("cup")[2]! - 0.02);
    }
    if ((["cube", "cup"] as const).some((name, i) => distance(world.objectPosition(name), starts[i]!) > 0.03)) moved++;
    if (highest > 0.06) lifted++;
  }
  assert.ok(moved >= episodes / 2, `${moved} of ${episodes} episodes moved an object`);
  assert.ok(lifted >= 1, `${lifted} of ${episodes} episodes lifted one`);
});

test("all things of a scene are taken into the hand in turn", async () => {
  const world = await SimWorld.create({ scene: "clearing" });
  const taken = new Map(world.things.map((thing) => [thing, 0]));
  const episodes = 6;
  for (let seed = 0; seed < episodes; seed++) {
    world.reset(seed);
    const pipeline = new CommandPipeline(world.robot.limits);
    pipeline.reset(world.jointState());
    const explore = drawExplorer(new Random(seed ^ 0x5eed));
    const lifted = new Set<string>();
    for (let step = 0; step < 150; step++) {
      actuate(world, pipeline, explore(world));
      for (const thing of world.things) if (world.objectPosition(thing)[2]! > world.restingHeight(thing) + 0.04) lifted.add(thing);
    }
    for (const thing of world.things) if (lifted.has(thing)) taken.set(thing, taken.get(thing)! + 1);
  }
  for (const [thing, count] of taken) assert.ok(count >= episodes / 3, `${thing} in ${count} of ${episodes} episodes`);
});
