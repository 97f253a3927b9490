import assert from "node:assert/strict";
import { test } from "node:test";
import { wilsonInterval } from "../../src/evaluation/statistics.js";
import { binByStart, summarise } from "../../src/evaluation/summary.js";
import { record } from "./records.js";

test("a summary counts and measures", () => {
  const summary = summarise([
    record({ start_distance_m: 0.06, final_distance_m: 0.01, best_distance_m: 0.005, steps: 12 }),
    record({ start_distance_m: 0.1, final_distance_m: 0.02, best_distance_m: 0.01, steps: 14, ended: "Ended after 14 steps.", sub_goals_done: 0 }),
    record({ start_distance_m: 0.15, final_distance_m: 0.15, best_distance_m: 0.15, steps: 25, ended: "Ended after 25 steps.", success: false, sub_goals_done: 0 }),
  ]);
  assert.equal(summary.episodes, 3);
  assert.equal(summary.successes, 2);
  assert.equal(summary.declared_reached, 1);
  assert.ok(Math.abs(summary.success_rate - 2 / 3) < 1e-12);
  assert.deepEqual(summary.wilson_95, wilsonInterval(2, 3));
  assert.deepEqual(summary.start_distance_m, { min: 0.06, median: 0.1, max: 0.15 });
  assert.equal(summary.final_distance_m.median, 0.02);
  assert.equal(summary.final_distance_m.max, 0.15);
  assert.equal(summary.best_distance_m.median, 0.01);
  assert.deepEqual(summary.steps, { median: 14, max: 25 });
  assert.deepEqual(summary.sub_goals_done, [2, 1]);
  assert.equal(summary.plan_ms!.median, 15);
  assert.deepEqual(summary.bins.map((bin) => [bin.episodes, bin.successes]), [[1, 1], [1, 1], [1, 0]]);
});

test("without plans there is no plan time", () => {
  assert.equal(summarise([record({ plan_ms: [] })]).plan_ms, null);
});

test("things done are counted where a task has several", () => {
  assert.equal(summarise([record({})]).parts_done, null);
  assert.deepEqual(summarise([record({ parts_done: 2, parts: 3 }), record({ parts_done: 3, parts: 3 }), record({ parts_done: 2, parts: 3 })]).parts_done, [0, 0, 2, 1]);
});

test("every episode is in one bin, those outside of all edges too", () => {
  const bins = binByStart([0.05, 0.06, 0.0899, 0.09, 0.15, 0.2].map((start_distance_m, i) => record({ start_distance_m, success: i % 2 === 0 })), [0.06, 0.09, 0.15]);
  assert.deepEqual(bins.map(({ from_m, to_m, episodes, successes }) => [from_m, to_m, episodes, successes]), [[0.06, 0.09, 3, 2], [0.09, 0.15, 3, 1]]);
  assert.deepEqual(bins[0]!.wilson_95, wilsonInterval(2, 3));
  assert.deepEqual(binByStart([], [0, 1])[0]!.wilson_95, [0, 1]);
});
