import assert from "node:assert/strict";
import { test } from "node:test";
import type { Point } from "../../../bench/peers/measure.js";
import { gap, race, speedUp, timeToEnergy } from "../../../bench/peers/time-to-energy.js";

const points = (...pairs: readonly (readonly [ms: number, energy: number])[]): Point[] => pairs.map(([ms, energy], i) => ({ iterations: i + 1, rollouts: 10, ms, energy }));

test("the time to an energy is that of the first budget that has it", () => {
  const curve = points([5, 3], [9, 1], [14, 1.2], [20, 0.5]);
  assert.equal(timeToEnergy(curve, 1), 9);
  assert.equal(timeToEnergy(curve, 1.1), 9);
  assert.equal(timeToEnergy(curve, 0.5), 20);
  assert.equal(timeToEnergy(curve, 0.4), undefined);
});

test("a race is to the energy that the other ends with, which it may have had before", () => {
  const peer = points([100, 2], [200, 1], [300, 1]);
  assert.deepEqual(race(points([5, 1.5], [10, 1]), peer), { peerMs: 200, ownMs: 10 });
  assert.equal(speedUp(race(points([5, 1.5], [10, 1]), peer)), 20);
  assert.deepEqual(race(points([5, 1.5]), peer), { peerMs: 200, ownMs: undefined });
  assert.equal(speedUp(race(points([5, 1.5]), peer)), 0);
});

test("a gap is a share of the way from standing still", () => {
  assert.equal(gap(0.6, { lowest: 0.5, start: 1 }), 0.19999999999999996);
  assert.equal(gap(0.5, { lowest: 0.5, start: 1 }), 0);
});
