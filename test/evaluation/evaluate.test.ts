import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { RayCastCamera } from "../../sim/camera.js";
import { createTask } from "../../sim/tasks.js";
import { SimWorld } from "../../sim/world.js";
import { createPlanner, InThreadPlanningService, type PlannerConfig } from "../../src/control/index.js";
import { type EpisodeResult, runEpisode } from "../../src/evaluation/episode.js";
import { evaluate, type EvaluationOptions } from "../../src/evaluation/evaluate.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { tinyBundle } from "../world-model/fixtures.js";

const PLANNER: PlannerConfig = { kind: "icem", options: { candidates: 24, iterations: 2, elites: 4 } };

function options(changes: Partial<EvaluationOptions>): EvaluationOptions {
  return {
    bundleDirectory: tinyBundle, planner: PLANNER, task: "reach", maxSteps: 3, explorationFloor: 1,
    firstSeed: 0, episodes: 3, workers: 1, onEpisode: () => undefined, ...changes,
  };
}

/** Everything but how long it took. */
function timeless(results: ReadonlyMap<number, EpisodeResult>): object {
  return [...results].map(([seed, result]) => [seed, { ...result, planMs: result.planMs.length }]);
}

test("one worker or two, the first time or again: the same episodes by seed", async () => {
  const told: number[] = [];
  const alone = await evaluate(options({ onEpisode: (seed) => told.push(seed) }));
  assert.deepEqual([...alone.keys()], [0, 1, 2]);
  assert.deepEqual(told, [0, 1, 2]);
  assert.deepEqual(timeless(await evaluate(options({ workers: 2 }))), timeless(alone));
  // A seed's result does not depend on the episodes before it.
  assert.deepEqual(timeless(await evaluate(options({ firstSeed: 2, episodes: 1 }))), timeless(new Map([...alone].slice(2))));
});

test("an episode tells what happened", async () => {
  const model = await OnnxWorldModel.load(tinyBundle);
  const { manifest } = model;
  const { low, high } = manifest.action;
  const planning = new InThreadPlanningService({ model, planner: createPlanner(PLANNER), bounds: { low: Float32Array.from(low), high: Float32Array.from(high) } });
  const world = await SimWorld.create();
  const camera = new RayCastCamera(world, { width: 64, height: 64 });
  const task = createTask("reach", world, 1);
  const goal = task.goalImage(camera);
  const start = camera.rgb();
  const run = (plannerSeed: number): Promise<EpisodeResult> =>
    runEpisode(task, { world, camera, planning, manifest, maxSteps: 4, plannerSeed, explorationFloor: 1 });
  const result = await run(1);
  assert.equal(result.steps, 4);
  assert.equal(result.ended, "Ended after 4 steps.");
  assert.deepEqual(result.pictures.start.data, start.data);
  assert.deepEqual(result.pictures.goal.data, goal.data);
  assert.deepEqual(result.pictures.end.data, camera.rgb().data);
  assert.ok(result.energies.length >= 4 && result.energies.every((energy) => energy > 0), result.energies.join(" "));
  assert.equal(result.planMs.length, result.energies.length);
  assert.equal(result.distancesM[0], result.startDistanceM);
  assert.equal(result.finalDistanceM, task.distanceM());
  assert.equal(result.bestDistanceM, Math.min(result.finalDistanceM, ...result.distancesM));
  assert.equal(result.success, result.finalDistanceM <= task.toleranceM);
  assert.ok(new Set(result.distancesM).size >= 3, `the arm moves: ${result.distancesM.join(" ")}`);
  assert.deepEqual({ ...await run(1), planMs: 0 }, { ...result, planMs: 0 }, "the same seed of the planner");
  assert.notDeepEqual((await run(2)).distancesM, result.distancesM, "another seed of the planner");
  await planning.close();
});

test("an episode that cannot be run ends the evaluation with its seed, in one line, and nothing goes on", async () => {
  let rejected = false;
  let late = 0;
  const refused = evaluate(options({ firstSeed: -1, episodes: 40, workers: 2, onEpisode: () => { if (rejected) late++; } }));
  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^eval: seed -1: [^\n]*the seed is -1[^\n]*$/);
    return true;
  });
  rejected = true;
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  assert.equal(late, 0);
});

test("a bundle that is not there is told in one line", async () => {
  await assert.rejects(evaluate(options({ bundleDirectory: join("test", "fixtures", "no-bundle"), workers: 2 })), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^[^\n]*no-bundle[^\n]*$/);
    return true;
  });
});
