import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type JointMoment, pieceExtremes, sampleQuintic } from "../../src/safety/quintic.js";

const number = fc.double({ min: -3, max: 3, noNaN: true });
const moment: fc.Arbitrary<JointMoment> = fc.record({ position: number, velocity: number, acceleration: number });
const duration = fc.double({ min: 0.02, max: 1, noNaN: true });
const FIELDS = ["position", "velocity", "acceleration"] as const;

test("the quintic passes both ends with their velocities and accelerations", () => {
  fc.assert(fc.property(moment, moment, duration, (start, end, d) => {
    for (const [wanted, timeS] of [[start, 0], [end, d]] as const) {
      const at = sampleQuintic(start, end, d, timeS);
      for (const field of FIELDS) assert.ok(Math.abs(at[field] - wanted[field]) < 1e-8, `${field} ${at[field]} is not ${wanted[field]}`);
    }
  }));
});

test("velocity and acceleration are the derivatives", () => {
  fc.assert(fc.property(moment, moment, duration, fc.double({ min: 0.1, max: 0.9, noNaN: true }), (start, end, d, share) => {
    const h = 1e-4 * d;
    const [before, at, after] = [-h, 0, h].map((aside) => sampleQuintic(start, end, d, share * d + aside)) as [JointMoment, JointMoment, JointMoment];
    const scale = 1 + 20 / d ** 2;
    assert.ok(Math.abs((after.position - before.position) / (2 * h) - at.velocity) < 1e-4 * scale);
    assert.ok(Math.abs((after.velocity - before.velocity) / (2 * h) - at.acceleration) < 1e-3 * scale / d);
  }));
});

test("a piece of a quintic is the quintic through its own ends", () => {
  fc.assert(fc.property(moment, moment, duration, fc.double({ min: 0.1, max: 0.8, noNaN: true }), (start, end, d, cut) => {
    const middle = sampleQuintic(start, end, d, cut * d);
    const whole = sampleQuintic(start, end, d, (cut + 0.15) * d);
    const part = sampleQuintic(middle, end, (1 - cut) * d, 0.15 * d);
    assert.ok(Math.abs(whole.position - part.position) < 1e-8 && Math.abs(whole.velocity - part.velocity) < 1e-6 / d);
  }));
});

test("the extremes bound every sample and are reached", () => {
  fc.assert(fc.property(moment, moment, duration, (start, end, d) => {
    const extremes = pieceExtremes(start, end, d);
    const seen = { minPosition: Infinity, maxPosition: -Infinity, speed: 0, acceleration: 0, jerk: 0 };
    const steps = 500;
    let last: JointMoment | undefined;
    for (let i = 0; i <= steps; i++) {
      const at = sampleQuintic(start, end, d, (d * i) / steps);
      seen.minPosition = Math.min(seen.minPosition, at.position);
      seen.maxPosition = Math.max(seen.maxPosition, at.position);
      seen.speed = Math.max(seen.speed, Math.abs(at.velocity));
      seen.acceleration = Math.max(seen.acceleration, Math.abs(at.acceleration));
      // A mean jerk: never more than the largest.
      if (last !== undefined) seen.jerk = Math.max(seen.jerk, (Math.abs(at.acceleration - last.acceleration) * steps) / d);
      last = at;
    }
    for (const field of ["maxPosition", "speed", "acceleration", "jerk"] as const) {
      assert.ok(seen[field] <= extremes[field] + 1e-6 * (1 + Math.abs(extremes[field])), `${field}: ${seen[field]} is beyond ${extremes[field]}`);
    }
    assert.ok(seen.minPosition >= extremes.minPosition - 1e-8);
    const loose = 1e-2 * (1 + extremes.speed * d);
    assert.ok(seen.maxPosition >= extremes.maxPosition - loose && seen.minPosition <= extremes.minPosition + loose);
    assert.ok(seen.speed >= extremes.speed * 0.98 - 1e-9 && seen.acceleration >= extremes.acceleration * 0.98 - 1e-9 && seen.jerk >= extremes.jerk * 0.95 - 1e-6);
  }));
});

test("a joint that stands has no extremes but its place", () => {
  const rest = { position: 1, velocity: 0, acceleration: 0 };
  assert.deepEqual(pieceExtremes(rest, rest, 0.2), { minPosition: 1, maxPosition: 1, speed: 0, acceleration: 0, jerk: 0 });
});
