import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { RayCastCamera } from "../../sim/camera.js";
import { makeDataSet } from "../../sim/data-set.js";
import { createTask } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { InThreadPlanningService } from "../../src/control/index.js";
import { createPlanner, withBundleSearch } from "../../src/control/planner-config.js";
import { ChainDriver } from "../../src/evaluation/chain-driver.js";
import { openChainFinder } from "../../src/experience/open-chain-finder.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";

const BUNDLE = fileURLToPath(new URL("../../../models/arm-objects-jepa/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-chain-driver-"));
process.env["XDG_CACHE_HOME"] = join(folder, "cache");
after(() => { rmSync(folder, { recursive: true, force: true }); });

test("a thing that is taken elsewhere on the way has another way looked for, and the steps go on counting", { timeout: 300_000 }, async () => {
  const data = join(folder, "data");
  await makeDataSet({ out: data, episodes: 25, steps: 24, seed: 50, rooms: "plain", scene: "table", imageSize: 96, workers: 2 },
    () => new Worker(fileURLToPath(new URL("../../sim/collect-worker.js", import.meta.url)), { workerData: { robot: "fr3", scene: "table" } }));
  const model = await OnnxWorldModel.load(BUNDLE, { threads: 1 });
  try {
    const { manifest } = model;
    const planner = withBundleSearch({ kind: "icem", options: { candidates: 24, iterations: 2, elites: 6 } }, manifest);
    const { finder } = await openChainFinder({ folder: data, model, manifest, planner });
    const world = await SimWorld.create();
    const camera = new RayCastCamera(world, { width: 96, height: 96 });
    const task = createTask("pick-and-place", world, 3, "cube");
    const goal = task.goalImages(camera).at(-1)!;
    task.start();
    const { low, high } = manifest.action;
    const driver = await ChainDriver.start({
      controller: {
        world, guards: [], described: manifest, periodS: manifest.action.period_s, seed: 1, explorationFloor: 1, reachedBelow: manifest.energy.reached_below,
        planning: new InThreadPlanningService({ model, planner: createPlanner(planner), bounds: { low: Float32Array.from(low), high: Float32Array.from(high) } }),
      },
      finder, model, goal,
    }, "pick-and-place", camera.rgb());
    assert.equal(driver.sentence.includes("looked for"), false);
    const looked = (): number => Number(/looked for (\d+) times/.exec(driver.sentence)?.[1] ?? 1);
    let stepsBefore = 0;
    for (let period = 0; period < 120 && looked() < 3 && !driver.over; period++) {
      if (period === 3) world.placeObject("cube", [0.6, -0.15, world.restingHeight("cube")], 0);
      await driver.period(camera.rgb());
      for (let i = 0; i < 10; i++) {
        world.step(Math.round(manifest.action.period_s / world.timestepS / 10));
        driver.cycle();
      }
      assert.ok(driver.steps >= stepsBefore, `${driver.steps} steps after ${stepsBefore}`);
      stepsBefore = driver.steps;
      assert.ok(driver.subGoalsDone <= driver.subGoals);
    }
    driver.stop();
    assert.ok(looked() >= 2, driver.sentence);
    assert.ok(driver.steps > 10);
  } finally {
    await model.close();
  }
});
