import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { approachScale, clearScale, retreatScale } from "../../../src/safety/guards/proximity-scale.js";
import { uniform } from "../../uniform.js";

const T = { slowDownDistanceM: 0.05, haltDistanceM: 0.01 };

test("an approach: 1 at the slow-down distance, 0 at the halt distance, exponential in between", () => {
  assert.equal(approachScale(0.05, T), 1);
  assert.equal(approachScale(7, T), 1);
  assert.equal(approachScale(0.01, T), 0);
  assert.equal(approachScale(-1, T), 0);
  assert.equal(approachScale(NaN, T), 0);
  // Half way: (sqrt(1000) - 1) / 999.
  assert.ok(Math.abs(approachScale(0.03, T) - (Math.sqrt(1000) - 1) / 999) < 1e-12);
});

test("a retreat: a quarter at the halt distance and below, 1 at the slow-down distance", () => {
  assert.deepEqual([-1, 0.01, 0.05, 1].map((d) => retreatScale(d, T)), [0.25, 0.25, 1, 1]);
  assert.ok(Math.abs(retreatScale(0.03, T) - 0.625) < 1e-12);
});

test("both grow with the distance; what lies between is between them, and falls as the approach gets steeper", () => {
  fc.assert(fc.property(uniform(0.0101, 0.06), uniform(0.0101, 0.06), uniform(0.001, 0.1), (a, b, travel) => {
    const [near, far] = [Math.min(a, b), Math.max(a, b)];
    assert.ok(approachScale(near, T) <= approachScale(far, T));
    assert.ok(retreatScale(near, T) <= retreatScale(far, T));
    const scale = clearScale(far, near, travel, T);
    assert.ok(scale >= approachScale(near, T) - 1e-12 && scale <= retreatScale(near, T) + 1e-12);
    assert.ok(clearScale(far, near, travel / 2, T) <= scale + 1e-12);
    assert.ok(clearScale(near, far, travel, T) >= scale - 1e-12, "away is not slower than toward");
  }));
});

test("there is no jump between sliding along a surface and coming a little nearer", () => {
  fc.assert(fc.property(uniform(0.0101, 0.049), (d) => {
    assert.ok(Math.abs(clearScale(d, d - 1e-9, 0.02, T) - clearScale(d, d + 1e-9, 0.02, T)) < 1e-4);
  }));
});
