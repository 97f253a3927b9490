import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { starPlaces } from "../../src/calibration/index.js";

test("a star visits every place of the circle once and ends where it began; moves are long", () => {
  fc.assert(fc.property(fc.integer({ min: 5, max: 60 }), fc.double({ min: 0.01, max: 0.2, noNaN: true }), (moves, radiusM) => {
    const places = starPlaces({ middle: [0.5, -0.1, 0.25], radiusM, moves });
    assert.equal(places.length, moves + 1);
    assert.deepEqual(places.at(-1), places[0]);
    for (const [x, y, z] of places) {
      assert.equal(z, 0.25);
      assert.ok(Math.abs(Math.hypot(x - 0.5, y + 0.1) - radiusM) < 1e-12);
    }
    const rounded = places.slice(1).map(([x, y]) => `${x.toFixed(9)} ${y.toFixed(9)}`);
    assert.equal(new Set(rounded).size, moves, "no place twice");
    for (let i = 1; i <= moves; i++) {
      const length = Math.hypot(places[i]![0] - places[i - 1]![0], places[i]![1] - places[i - 1]![1]);
      assert.ok(moves === 6 || length > 1.1 * radiusM, `${moves} moves: ${length / radiusM}`);
    }
  }));
});

test("what is no star is refused", () => {
  assert.throws(() => starPlaces({ middle: [0, 0, 0], radiusM: 0.1, moves: 4 }), /4 moves: a star has a whole number of at least 5/);
  assert.throws(() => starPlaces({ middle: [0, 0, 0], radiusM: 0, moves: 8 }), /radius 0 m: give one above 0/);
});
