import assert from "node:assert/strict";
import { test } from "node:test";
import { eeDeltaRestAction, zeroRestAction } from "../../src/control/rest-action.js";

test("rest is zeros for deltas", () => {
  assert.deepEqual([...zeroRestAction(3)(new Float32Array(5))], [0, 0, 0]);
});

test("rest keeps the gripper where it is", () => {
  const rest = eeDeltaRestAction({ actionNames: ["dx", "dy", "dz", "gripper"], stateNames: ["ee_x", "gripper_opening"], fullOpeningM: 0.08 });
  assert.deepEqual([...rest(Float32Array.from([0.4, 0.02]))], [0, 0, 0, 0.25]);
  assert.deepEqual([...rest(Float32Array.from([0.4, 0.09]))], [0, 0, 0, 1]);
});

test("rest without a gripper is zeros", () => {
  const rest = eeDeltaRestAction({ actionNames: ["dx"], stateNames: ["ee_x"], fullOpeningM: 0.08 });
  assert.deepEqual([...rest(Float32Array.from([0.4]))], [0]);
});

test("a hand that has closed round an object goes on closing: resting where the fingers are would let go", () => {
  const rest = eeDeltaRestAction({ actionNames: ["dx", "dy", "dz", "gripper"], stateNames: ["ee_x", "gripper_opening"], fullOpeningM: 0.08 });
  assert.deepEqual([...rest(Float32Array.from([0.4, 0.05]), Float32Array.from([0.04, 0, -0.02, 0]))], [0, 0, 0, 0]);
});
