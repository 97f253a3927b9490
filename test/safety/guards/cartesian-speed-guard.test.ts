import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FR3_READY } from "../../../src/robot/fr3.js";
import { CartesianSpeedGuard } from "../../../src/safety/guards/cartesian-speed-guard.js";
import { uniform } from "../../uniform.js";
import { anywhere, arm, ask } from "./arm.js";

const guard = new CartesianSpeedGuard(arm);

test("the base joint at 1 rad/s moves the ready tool at 0.307 m/s", () => {
  const verdict = ask(guard, { positions: FR3_READY, velocities: [1, 0, 0, 0, 0, 0, 0, 0], rest: FR3_READY });
  assert.ok(Math.abs(verdict.scale - 0.25 / 0.3069) < 1e-3);
  assert.equal(verdict.reason, "cartesian_speed");
  assert.equal(verdict.sentence, "Slowed: the tool would move at 0.307 m/s (limit 0.25 m/s).");
});

test("the gripper does not count", () => {
  assert.equal(ask(guard, { positions: FR3_READY, velocities: [0, 0, 0, 0, 0, 0, 0, 5], rest: FR3_READY }).scale, 1);
});

test("at the allowed share the tool is not faster than the limit, by its way in a millisecond", () => {
  fc.assert(fc.property(anywhere, fc.array(uniform(-3, 3), { minLength: 8, maxLength: 8 }), uniform(0.05, 1), (q, v, limit) => {
    const { scale } = ask(new CartesianSpeedGuard(arm, limit), { positions: q, velocities: v, rest: q });
    const after = (seconds: number): ArrayLike<number> => arm.toolPose(q.map((p, j) => p + seconds * scale * v[j]!)).position;
    const [a, b] = [after(-0.0005), after(0.0005)];
    const speed = Math.hypot(b[0]! - a[0]!, b[1]! - a[1]!, b[2]! - a[2]!) / 0.001;
    assert.ok(speed <= limit * (1 + 1e-4), `${speed} m/s`);
    if (scale < 1) assert.ok(speed > limit * (1 - 1e-4), "no slower than needed");
  }), { numRuns: 200 });
});
