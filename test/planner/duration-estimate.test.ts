import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DurationEstimate } from "../../src/planner/duration-estimate.js";
import { Random } from "../../src/planner/random.js";

test("knows nothing before the first measurement, and again when told to forget", () => {
  const estimate = new DurationEstimate();
  assert.equal(estimate.known, false);
  assert.equal(estimate.atMostMs(1), Infinity);
  assert.equal(estimate.fitting(100, 1e9), 0);
  estimate.observe(10, 5);
  assert.ok(estimate.known);
  estimate.forget();
  assert.equal(estimate.known, false);
  assert.equal(estimate.atMostMs(1), Infinity);
});

test("learns what is fixed and what each candidate costs", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0.001, max: 2, noNaN: true }), (fixed, each) => {
    const estimate = new DurationEstimate();
    for (let i = 0; i < 60; i++) {
      const count = [128, 102, 81, 16][i % 4]!;
      estimate.observe(count, fixed + each * count);
    }
    for (const count of [8, 40, 128]) {
      const true_ = fixed + each * count;
      assert.ok(Math.abs(estimate.expectedMs(count) - true_) < 0.02 * true_ + 1e-6, `${estimate.expectedMs(count)} for ${true_}`);
    }
  }));
});

test("what fits, fits by its own account, and one more does not", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ count: fc.integer({ min: 1, max: 300 }), ms: fc.double({ min: 0, max: 100, noNaN: true }) }), { minLength: 1, maxLength: 30 }),
    fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 200, noNaN: true }),
    (measured, most, ms) => {
      const estimate = new DurationEstimate();
      for (const one of measured) estimate.observe(one.count, one.ms);
      const fits = estimate.fitting(most, ms);
      assert.ok(Number.isInteger(fits) && fits >= 0 && fits <= most);
      if (fits > 0) assert.ok(estimate.atMostMs(fits) <= ms + 1e-6);
      if (fits < most) assert.ok(estimate.atMostMs(fits + 1) > ms - 1e-6);
    },
  ));
});

test("of a thousand measurements with rare long ones all but a few are under the bound, and the bound is no multiple of the longest", () => {
  const random = new Random(3);
  const estimate = new DurationEstimate();
  const draw = (): number => 8 + Math.abs(random.gaussian()) + (random.uniform() < 0.02 ? 10 * random.uniform() : 0);
  let above = 0;
  let longest = 0;
  for (let i = 0; i < 4000; i++) {
    const ms = draw();
    if (i >= 1000) {
      if (ms > estimate.atMostMs(100)) above++;
      longest = Math.max(longest, ms);
    }
    estimate.observe(100, ms);
  }
  assert.ok(above <= 18, `${above} of 3000 above the bound`);
  assert.ok(estimate.atMostMs(100) < 1.3 * longest, `${estimate.atMostMs(100)}, longest ${longest}`);
});

test("one that sticks out raises the bound and hardly the line; it is forgotten in the end", () => {
  const estimate = new DurationEstimate();
  for (let i = 0; i < 100; i++) estimate.observe(64, 5);
  estimate.observe(64, 500);
  assert.ok(estimate.expectedMs(64) < 10);
  assert.ok(estimate.atMostMs(64) > 400);
  for (let i = 0; i < 1100; i++) estimate.observe(64, 5);
  assert.ok(estimate.atMostMs(64) < 6, `${estimate.atMostMs(64)}`);
});

test("follows a machine that has become slower for good", () => {
  const estimate = new DurationEstimate();
  for (let i = 0; i < 100; i++) estimate.observe(64, 5 + (i % 3) / 10);
  for (let i = 0; i < 100; i++) estimate.observe(64, 15 + (i % 3) / 10);
  assert.ok(estimate.expectedMs(64) > 12, `${estimate.expectedMs(64)}`);
});
