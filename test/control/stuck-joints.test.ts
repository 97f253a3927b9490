import assert from "node:assert/strict";
import { test } from "node:test";
import { StuckJoints } from "../../src/control/stuck-joints.js";

test("an arm that follows is not stuck, however far it goes", () => {
  const joints = new StuckJoints();
  for (let i = 0; i < 100; i++) {
    joints.take(Float64Array.of(0.02 * i, 1));
    assert.equal(joints.look([0.02 * i + 0.03, 1]), undefined);
  }
});

test("the same numbers again and again are stuck when the arm is sent on", () => {
  const joints = new StuckJoints();
  for (const sent of [0, 0.01, 0.02, 0.03, 0.04, 0.05]) {
    joints.take(Float64Array.of(0, 1));
    assert.equal(joints.look([sent, 1]), undefined);
  }
  assert.match(joints.look([0.07, 1])!, /sent 0\.070 rad on, and the measured joints have not changed/);
  assert.equal(joints.look([0.08, 1]), undefined, "the next try counts anew");
});

test("joints that are not measured at all are not stuck", () => {
  const joints = new StuckJoints();
  joints.take(Float64Array.of(0, 1));
  for (const sent of [0, 0.05, 0.1, 0.3]) assert.equal(joints.look([sent, 1]), undefined);
});

test("an arm at rest may repeat itself for ever", () => {
  const joints = new StuckJoints();
  for (let i = 0; i < 1000; i++) {
    joints.take(Float64Array.of(0, 1));
    assert.equal(joints.look([0.01, 1]), undefined);
  }
});

test("one joint that changes in the last bit is enough", () => {
  const joints = new StuckJoints();
  for (let i = 0; i < 20; i++) {
    joints.take(Float64Array.of(0, 1 + (i % 2) * Number.EPSILON));
    assert.equal(joints.look([0.05 * (i % 2), 1]), undefined);
  }
});
