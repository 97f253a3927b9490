import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { velocityCommand } from "../../src/safety/velocity-command.js";
import { JOINTS, atRest } from "./joints.js";

const LIMITS = JOINTS.slice(0, 2);

test("the setpoint's velocity and a share of what the joint is off", () => {
  const command = velocityCommand({ positions: [0.1, -0.2], velocities: [0.5, 0] }, atRest([0.08, -0.2]), LIMITS, 5);
  assert.ok(Math.abs(command[0]! - 0.6) < 1e-12 && command[1] === 0);
});

test("without a measurement, or one that is no number, the setpoint's velocity alone", () => {
  for (const measured of [undefined, atRest([NaN, Infinity]), atRest([])]) {
    assert.deepEqual([...velocityCommand({ positions: [0.1, -0.2], velocities: [0.5, -0.25] }, measured, LIMITS, 5)], [0.5, -0.25]);
  }
});

test("never beyond a joint's velocity limit, never NaN", () => {
  const number = fc.double({ noNaN: false });
  const finite = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(fc.property(fc.array(finite, { minLength: 2, maxLength: 2 }), fc.array(finite, { minLength: 2, maxLength: 2 }), fc.array(number, { maxLength: 2 }), (positions, velocities, measured) => {
    for (const [j, velocity] of velocityCommand({ positions, velocities }, atRest(measured), LIMITS, 20).entries()) {
      assert.ok(Math.abs(velocity) <= LIMITS[j]!.maxVelocity);
    }
  }));
});
