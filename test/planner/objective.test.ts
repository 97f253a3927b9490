import assert from "node:assert/strict";
import { test } from "node:test";
import { stepWeights, weightedEnergy } from "../../src/planner/objective.js";

test("each objective weighs the steps as it says and sums to 1", () => {
  assert.deepEqual([...stepWeights({ kind: "every_step" }, 4)], [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual([...stepWeights({ kind: "final" }, 3)], [0, 0, 1]);
  assert.deepEqual([...stepWeights({ kind: "geometric", growth: 2 }, 3)], [1 / 7, 2 / 7, 4 / 7]);
  assert.deepEqual([...stepWeights({ kind: "weights", weights: [3, 0, 1] }, 3)], [0.75, 0, 0.25]);
});

test("weights that mean nothing are refused with their step", () => {
  assert.throws(() => stepWeights({ kind: "weights", weights: [1, -1] }, 2), /step 1 is -1/);
  assert.throws(() => stepWeights({ kind: "weights", weights: [1] }, 2), /1 weights for 2 steps/);
  assert.throws(() => stepWeights({ kind: "weights", weights: [0, 0] }, 2), /all 0/);
  assert.throws(() => stepWeights({ kind: "geometric", growth: NaN }, 2), /step 1 is NaN/);
});

test("a sequence with a step that is not finite is infinitely bad, even where the step has no weight", () => {
  const final = stepWeights({ kind: "final" }, 2);
  assert.equal(weightedEnergy(Float32Array.of(9, 9, 1, 3), 2, final), 3);
  assert.equal(weightedEnergy(Float32Array.of(NaN, 3), 0, final), Infinity);
  assert.equal(weightedEnergy(Float32Array.of(-Infinity, 3), 0, final), Infinity);
});
