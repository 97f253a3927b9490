import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readImageFile } from "../../src/camera/files.js";
import type { PlannerConfig } from "../../src/control/index.js";
import { type Cell, cellOf } from "../../src/evaluation/cell.js";
import type { EpisodeResult } from "../../src/evaluation/episode.js";
import { evaluate, type EvaluationOptions } from "../../src/evaluation/evaluate.js";
import { ResultsFolder } from "../../src/evaluation/results-folder.js";
import { runCells, type RunOptions } from "../../src/evaluation/run-cells.js";
import { tinyBundle } from "../world-model/fixtures.js";

const PLANNER: PlannerConfig = { kind: "icem", options: { candidates: 24, iterations: 2, elites: 4 } };
const SETUP = {
  bundleDirectory: tinyBundle, planner: PLANNER, oracle: { planner: PLANNER, horizon: 4 }, explorationFloor: 1, maxSteps: 3,
} as const;
const REACH = cellOf("reach", "cube", "plain", "jepa");

/** Results in the order they came. */
async function run(changes: Partial<EvaluationOptions>): Promise<EpisodeResult[]> {
  const results: EpisodeResult[] = [];
  await evaluate({ ...SETUP, jobs: [0, 1, 2].map((seed) => ({ cell: REACH, seed })), workers: 1, onEpisode: (result) => { results.push(result); }, ...changes });
  return results;
}

/** Everything but how long it took, by seed. */
function timeless(results: readonly EpisodeResult[]): object[] {
  return [...results].sort((a, b) => a.record.seed - b.record.seed)
    .map(({ record, frames, goals }) => ({ frames, goals, ...record, plan_ms: record.plan_ms.length }));
}

async function inFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "jepa-mpc-eval-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test("one worker or two, the first time or again: the same episodes by seed", async () => {
  const alone = await run({});
  assert.deepEqual(alone.map(({ record }) => record.seed), [0, 1, 2]);
  assert.deepEqual(timeless(await run({ workers: 2 })), timeless(alone));
  // An episode does not depend on those before it, of other tasks and in other rooms.
  const mixed = await run({ jobs: [{ cell: cellOf("reach", "cube", "unseen", "random"), seed: 4 }, { cell: REACH, seed: 2 }] });
  assert.deepEqual(timeless([mixed[1]!]), timeless([alone[2]!]));
});

test("an episode tells what happened", async () => {
  const [{ record, frames, goals }] = await run({ jobs: [{ cell: REACH, seed: 1 }] }) as [EpisodeResult];
  assert.deepEqual([record.task, record.object, record.environment, record.policy, record.seed], ["reach", null, "plain", "jepa", 1]);
  assert.equal(record.steps, 3);
  assert.equal(record.max_steps, 3);
  assert.match(record.ended, /^Ended after 3 steps\.$/);
  assert.ok(record.energies.length >= 3 && record.energies.every((energy) => energy > 0), record.energies.join(" "));
  assert.equal(record.plan_ms.length, record.energies.length);
  assert.equal(record.distances_m[0], record.start_distance_m);
  assert.equal(record.best_distance_m, Math.min(record.final_distance_m, ...record.distances_m));
  assert.equal(record.success, record.final_distance_m <= 0.03);
  assert.ok(new Set(record.distances_m).size >= 3, `the arm moves: ${record.distances_m.join(" ")}`);
  assert.deepEqual(frames.map((frame) => frame.distanceM), [...record.distances_m, record.final_distance_m]);
  assert.deepEqual(goals.map((goal) => goal.name), ["tool at its place"]);
  assert.notDeepEqual(goals[0]!.image.data, frames[0]!.image.data);
});

test("baselines: one does nothing, one moves anywhere, the one that knows everything gets there", async () => {
  const results = await run({
    maxSteps: 14, oracle: { planner: { kind: "icem", options: { candidates: 20, iterations: 3, elites: 5, switchedDims: [3] } }, horizon: 5 },
    jobs: (["persistence", "random", "oracle"] as const).map((policy) => ({ cell: cellOf("reach", "cube", "plain", policy), seed: 3 })),
  });
  const [still, random, oracle] = results.map(({ record }) => record);
  assert.ok(Math.abs(still!.final_distance_m - still!.start_distance_m) < 0.002);
  assert.deepEqual([still!.energies, still!.plan_ms, still!.success], [[], [], false]);
  assert.ok(new Set(random!.distances_m).size > 10);
  assert.equal(oracle!.success, true, `${oracle!.final_distance_m} m: ${oracle!.ended}`);
  assert.ok(oracle!.final_distance_m < 0.03);
});

test("a room of its own shows in all pictures of an episode", async () => {
  const pictures = async (cell: Cell): Promise<readonly Uint8Array[]> => {
    const [{ frames, goals }] = await run({ maxSteps: 1, jobs: [{ cell, seed: 5 }] }) as [EpisodeResult];
    return [frames[0]!.image.data, goals[0]!.image.data];
  };
  const [plain, unseen] = [await pictures(cellOf("reach", "cube", "plain", "persistence")), await pictures(cellOf("reach", "cube", "unseen", "persistence"))];
  for (const i of [0, 1]) assert.ok(plain[i]!.filter((value, at) => Math.abs(value - unseen[i]![at]!) > 20).length > plain[i]!.length / 4);
});

test("an episode that cannot be run ends the evaluation with its seed, in one line, and nothing goes on", async () => {
  let rejected = false;
  let late = 0;
  const jobs = Array.from({ length: 40 }, (_, i) => ({ cell: REACH, seed: i - 1 }));
  await assert.rejects(run({ jobs, workers: 2, onEpisode: () => { if (rejected) late++; } }), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^eval: reach\.plain\.jepa, seed -1: [^\n]*the seed is -1[^\n]*$/);
    return true;
  });
  rejected = true;
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  assert.equal(late, 0);
});

test("a bundle that is not there is told in one line", async () => {
  await assert.rejects(run({ bundleDirectory: join("test", "fixtures", "no-bundle"), workers: 2 }), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^[^\n]*no-bundle[^\n]*$/);
    return true;
  });
});

test("a run that was interrupted goes on, and comes to the same; failures are drawn", () => inFolder(async (directory) => {
  const plans = [{ cell: REACH, firstSeed: 0, episodes: 3 }, { cell: cellOf("reach", "cube", "plain", "persistence"), firstSeed: 1, episodes: 2 }];
  const options: RunOptions = { ...SETUP, plans, workers: 1, keepFailures: 1, reachedBelow: 1e-4, onProgress: () => undefined };
  const folder = await ResultsFolder.open(join(directory, "a"), {});
  const progress: number[] = [];
  await assert.rejects(runCells({
    ...options, folder, onProgress: (done) => {
      progress.push(done);
      if (done === 2) throw new Error("a power cut");
    },
  }), /a power cut/);
  assert.deepEqual(progress, [0, 1, 2]);
  progress.length = 0;
  const resumed = await runCells({ ...options, folder, onProgress: (done) => { progress.push(done); } });
  assert.deepEqual(progress, [2, 3, 4, 5], "only what was missing");
  const once = await runCells(options);
  assert.deepEqual(resumed.map((records) => records.map((record) => ({ ...record, plan_ms: 0 }))), once.map((records) => records.map((record) => ({ ...record, plan_ms: 0 }))));
  assert.deepEqual(resumed[1]!.map(({ seed }) => seed), [1, 2]);
  const drawn = await readdir(join(directory, "a", "failures"));
  assert.deepEqual(drawn.sort(), ["reach.plain.jepa.0.png", "reach.plain.persistence.1.png"]);
  const strip = await readImageFile(join(directory, "a", "failures", drawn[0]!));
  assert.ok(strip.width > 600 && strip.height > 400);
}));
