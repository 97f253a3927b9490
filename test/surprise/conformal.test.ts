import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/planner/random.js";
import { conformalThreshold, leastRuns } from "../../src/surprise/index.js";
import { uniform } from "../uniform.js";

test("the threshold is the ceil((n + 1)(1 - alpha))-th smallest score", () => {
  const scores = Array.from({ length: 19 }, (_, i) => i + 1);
  assert.equal(conformalThreshold(scores, 0.05), 19);
  assert.equal(conformalThreshold(scores, 0.1), 18);
  assert.equal(conformalThreshold(scores, 0.5), 10);
  assert.equal(conformalThreshold([...scores].reverse(), 0.1), 18);
});

test("a rank that is a whole number is not rounded up", () => {
  // 20 x 0.95 is 19 and a little in floating point for some alphas.
  for (const alpha of [0.05, 0.1, 0.2, 0.25, 0.3, 0.7]) {
    const n = 99;
    assert.equal(conformalThreshold(Array.from({ length: n }, (_, i) => i + 1), alpha), Math.round(100 * (1 - alpha)));
  }
});

test("the runs that are needed are just enough", () => {
  fc.assert(fc.property(uniform(0.002, 0.9), (alpha) => {
    const runs = leastRuns(alpha);
    conformalThreshold(Array.from({ length: runs }, () => 1), alpha);
    if (runs > 1) assert.throws(() => conformalThreshold(Array.from({ length: runs - 1 }, () => 1), alpha), /too few.*at least \d+ are needed/);
  }));
  assert.equal(leastRuns(0.05), 19);
  assert.equal(leastRuns(0.01), 99);
});

test("it never falls when alpha does, and is one of the scores", () => {
  fc.assert(fc.property(fc.array(uniform(-5, 5), { minLength: 100, maxLength: 200 }), uniform(0.02, 0.5), uniform(0.02, 0.5), (scores, one, other) => {
    const [strict, loose] = [Math.min(one, other), Math.max(one, other)];
    const threshold = conformalThreshold(scores, strict);
    assert.ok(threshold >= conformalThreshold(scores, loose));
    assert.ok(scores.includes(threshold));
  }));
});

test("of new runs at most alpha score higher, whatever the scores' distribution", () => {
  const random = new Random(3);
  const draws: readonly (() => number)[] = [() => random.gaussian(), () => Math.exp(2 * random.gaussian()), () => Math.round(3 * random.gaussian())];
  for (const draw of draws) {
    for (const alpha of [0.05, 0.2]) {
      let alarms = 0;
      const trials = 4000;
      for (let i = 0; i < trials; i++) {
        if (draw() > conformalThreshold(Array.from({ length: 60 }, draw), alpha)) alarms++;
      }
      // Four standard deviations of the count above what is promised.
      assert.ok(alarms <= trials * alpha + 4 * Math.sqrt(trials * alpha * (1 - alpha)), `${alarms} of ${trials} at ${alpha}`);
    }
  }
  // And not far fewer where there are no ties: the threshold is no larger than it must be.
  let alarms = 0;
  for (let i = 0; i < 4000; i++) if (random.gaussian() > conformalThreshold(Array.from({ length: 60 }, () => random.gaussian()), 0.2)) alarms++;
  assert.ok(alarms > 4000 * 0.15, `${alarms}`);
});

for (const [alpha, scores, message] of [
  [0, [1], /alpha is 0/], [1, [1], /alpha is 1/], [NaN, [1], /alpha is NaN/], [0.5, [1, NaN, 2], /score of run 1 is not a number/], [0.05, [], /0 runs are too few/],
] as const) {
  test(`alpha ${alpha} of ${scores.length} scores is refused`, () => {
    assert.throws(() => conformalThreshold(scores, alpha), message);
  });
}
