import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sampleHermite, segmentExtremes } from "../../src/safety/hermite.js";

const number = fc.double({ min: -3, max: 3, noNaN: true });
const duration = fc.double({ min: 0.01, max: 1, noNaN: true });

test("the cubic passes its end points with their velocities", () => {
  fc.assert(fc.property(number, number, number, number, duration, (q0, v0, q1, v1, d) => {
    const start = sampleHermite(q0, v0, q1, v1, d, 0);
    const end = sampleHermite(q0, v0, q1, v1, d, d);
    for (const [actual, wanted] of [[start.position, q0], [start.velocity, v0], [end.position, q1], [end.velocity, v1]] as const) {
      assert.ok(Math.abs(actual - wanted) < 1e-9, `${actual} is not ${wanted}`);
    }
  }));
});

test("the extremes bound every sample and are reached", () => {
  fc.assert(fc.property(number, number, number, number, duration, (q0, v0, q1, v1, d) => {
    const extremes = segmentExtremes(q0, v0, q1, v1, d);
    let min = Infinity;
    let max = -Infinity;
    let speed = 0;
    let acceleration = 0;
    const steps = 400;
    for (let i = 0; i <= steps; i++) {
      const sample = sampleHermite(q0, v0, q1, v1, d, (d * i) / steps);
      min = Math.min(min, sample.position);
      max = Math.max(max, sample.position);
      speed = Math.max(speed, Math.abs(sample.velocity));
      acceleration = Math.max(acceleration, Math.abs(sample.acceleration));
    }
    const pairs = [[max, extremes.maxPosition], [-min, -extremes.minPosition], [speed, extremes.speed], [acceleration, extremes.acceleration]] as const;
    for (const [sampled, exact] of pairs) {
      assert.ok(sampled <= exact + 1e-8 * (1 + Math.abs(exact)), `${sampled} is beyond ${exact}`);
      assert.ok(sampled >= exact - 1e-3 * (1 + extremes.acceleration * d), `${exact} is not reached, only ${sampled}`);
    }
  }));
});

test("a joint that stands has no extremes but its place", () => {
  assert.deepEqual(segmentExtremes(1, 0, 1, 0, 0.2), { minPosition: 1, maxPosition: 1, speed: 0, acceleration: 0 });
});
