import assert from "node:assert/strict";
import { test } from "node:test";
import { largestScale } from "../../src/safety/largest-scale.js";

test("takes the whole step when it fits", () => {
  assert.equal(largestScale((s) => s - 2, 1, 0), 1);
});

test("finds the upper end of the feasible scales", () => {
  assert.ok(Math.abs(largestScale((s) => s - 0.3, 1, 0)! - 0.3) < 1e-8);
});

test("finds feasible scales that do not contain 0", () => {
  assert.ok(Math.abs(largestScale((s) => Math.abs(s - 0.7) - 0.01, 1, 0)! - 0.71) < 1e-8);
});

test("says so when there is none", () => {
  assert.equal(largestScale((s) => (s - 0.5) ** 2 + 0.1, 1, 0), undefined);
  assert.equal(largestScale(() => NaN, 1, 0), undefined);
});
