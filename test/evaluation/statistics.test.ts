import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { median, quantile, wilsonInterval } from "../../src/evaluation/statistics.js";

function assertInterval(actual: readonly [number, number], low: number, high: number): void {
  assert.ok(Math.abs(actual[0] - low) < 5e-5 && Math.abs(actual[1] - high) < 5e-5, `${actual.join(" to ")}, wanted ${low} to ${high}`);
}

test("Wilson's interval at published values", () => {
  assertInterval(wilsonInterval(190, 200), 0.9104, 0.9726);
  assertInterval(wilsonInterval(81, 263), 0.2553, 0.3662);
  assertInterval(wilsonInterval(15, 148), 0.0624, 0.1605);
  assertInterval(wilsonInterval(1, 29), 0.0061, 0.1718);
  assertInterval(wilsonInterval(0, 20), 0, 0.1611);
  assertInterval(wilsonInterval(20, 20), 0.8389, 1);
});

test("Wilson's interval at its ends and without trials", () => {
  assert.deepEqual(wilsonInterval(0, 0), [0, 1]);
  assert.equal(wilsonInterval(0, 7)[0], 0);
  assert.equal(wilsonInterval(7, 7)[1], 1);
});

test("Wilson's interval holds the rate, is symmetric, and narrows with more trials", () => {
  const counts = fc.integer({ min: 1, max: 500 }).chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));
  fc.assert(fc.property(counts, ([successes, trials]) => {
    const [low, high] = wilsonInterval(successes, trials);
    assert.ok(low >= 0 && high <= 1 && low - 1e-12 <= successes / trials && successes / trials <= high + 1e-12);
    const [otherLow, otherHigh] = wilsonInterval(trials - successes, trials);
    assert.ok(Math.abs(low + otherHigh - 1) < 1e-12 && Math.abs(high + otherLow - 1) < 1e-12);
    const [lower, higher] = wilsonInterval(4 * successes, 4 * trials);
    assert.ok(higher - lower < high - low);
  }));
});

test("quantiles are interpolated between sorted values, and leave them as they were", () => {
  const values = [4, 1, 3, 2];
  assert.deepEqual([0, 0.5, 1].map((q) => quantile(values, q)), [1, 2.5, 4]);
  assert.ok(Math.abs(quantile(values, 0.9) - 3.7) < 1e-12);
  assert.deepEqual(values, [4, 1, 3, 2]);
  // By number, not by text.
  assert.equal(median([9, 10, 100]), 10);
  assert.equal(quantile([5], 0.99), 5);
  assert.ok(Number.isNaN(median([])));
});
