import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RecursiveLeastSquares } from "../../src/adaptation/recursive-least-squares.js";
import { uniform } from "../uniform.js";

const BOX = { priorStd: [0.3, 0.3, 0.01], low: [-0.3, -0.3, -0.01], high: [0.4, 0.5, 0.01], noiseStd: 0.005, forgetting: 0.98 };
const system = fc.tuple(uniform(-0.3, 0.4), uniform(-0.3, 0.5), uniform(-0.01, 0.01));
/** Actions and moves as they are in work, m. */
const regressors = fc.array(fc.tuple(uniform(-0.04, 0.04), uniform(-0.04, 0.04)), { minLength: 300, maxLength: 300 });
const anything = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0, 1e308, -1e308, 5e-324));

function dot(theta: ArrayLike<number>, x: readonly number[]): number {
  return x.reduce((sum, value, i) => sum + theta[i]! * value, 0);
}

describe("recursive least squares", () => {
  test("finds a linear system from measurements without noise", () => {
    fc.assert(fc.property(system, regressors, (theta, pairs) => {
      const estimate = new RecursiveLeastSquares({ ...BOX, noiseStd: 1e-5 });
      for (const [a, b] of pairs) estimate.update([a, b, 1], dot(theta, [a, b, 1]));
      theta.forEach((value, i) => assert.ok(Math.abs(estimate.theta[i]! - value) < 2e-3, `${i}: ${estimate.theta[i]} instead of ${value}`));
    }), { numRuns: 50 });
  });

  test("follows a system that changes", () => {
    const estimate = new RecursiveLeastSquares(BOX);
    for (let k = 0; k < 600; k++) {
      const x = [0.04 * Math.sin(k), 0.04 * Math.cos(2.3 * k), 1];
      estimate.update(x, dot(k < 300 ? [0.3, 0, 0] : [-0.2, 0.2, 0.004], x));
    }
    assert.ok(Math.abs(estimate.theta[0]! + 0.2) < 0.02 && Math.abs(estimate.theta[1]! - 0.2) < 0.02 && Math.abs(estimate.theta[2]! - 0.004) < 5e-4, [...estimate.theta].join(", "));
  });

  test("is never outside of its bounds, never less sure than at first, and a number, whatever it is told", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.tuple(anything, anything, anything), anything), { maxLength: 60 }), (measurements) => {
      const estimate = new RecursiveLeastSquares(BOX);
      for (const [x, y] of measurements) {
        estimate.update(x, y);
        for (let i = 0; i < 3; i++) {
          const value = estimate.theta[i]!;
          assert.ok(value >= BOX.low[i]! && value <= BOX.high[i]!, `theta[${i}] is ${value}`);
          assert.ok(estimate.std(i) > 0 && estimate.std(i) <= BOX.priorStd[i]! * (1 + 1e-9), `std(${i}) is ${estimate.std(i)}`);
          assert.ok(Math.abs(estimate.sure(i)) <= Math.abs(value));
        }
      }
    }));
  });

  test("what is not excited does not become uncertain", () => {
    const estimate = new RecursiveLeastSquares(BOX);
    for (let k = 0; k < 10_000; k++) estimate.update([0, 0, 1], 0.001);
    assert.ok(estimate.std(0) <= 0.3 + 1e-9 && estimate.std(2) < 0.002);
    estimate.update([0.04, 0, 1], 0.011);
    assert.ok(Math.abs(estimate.theta[0]!) <= 0.3, "one measurement after a long rest is one measurement");
  });

  test("what is saved goes on as if nothing had happened", () => {
    fc.assert(fc.property(system, regressors, (theta, pairs) => {
      const [one, other] = [new RecursiveLeastSquares(BOX), new RecursiveLeastSquares(BOX)];
      for (const [a, b] of pairs.slice(0, 40)) one.update([a, b, 1], dot(theta, [a, b, 1]));
      other.restore(JSON.parse(JSON.stringify(one.save())) as ReturnType<typeof one.save>);
      for (const [a, b] of pairs.slice(40, 80)) for (const each of [one, other]) each.update([a, b, 1], dot(theta, [a, b, 1]));
      assert.deepEqual([...other.theta], [...one.theta]);
    }), { numRuns: 20 });
  });

  test("refuses what makes no sense", () => {
    assert.throws(() => new RecursiveLeastSquares({ ...BOX, low: [0] }), RangeError);
    assert.throws(() => new RecursiveLeastSquares({ ...BOX, low: [0.1, 0, 0] }), /must hold 0/);
    assert.throws(() => new RecursiveLeastSquares({ ...BOX, forgetting: 0 }), /forgetting is 0/);
    const estimate = new RecursiveLeastSquares(BOX);
    assert.throws(() => estimate.restore({ theta: [0], covariance: [1] }), /must be 3 and 9/);
    assert.throws(() => estimate.restore({ theta: [0, 0, 0], covariance: [1, 0, 0, 0, -1, 0, 0, 0, 1] }), /not above 0/);
    assert.equal(estimate.std(0), 0.3, "after a refusal nothing is known");
  });
});
