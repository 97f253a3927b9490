import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { demoUrdf } from "../../sim/world.js";
import { eeActions, restsAtZero, type EeDescription } from "../../src/robot/ee-actions.js";
import { EeDeltaActions } from "../../src/robot/ee-delta.js";
import { EePoseDeltaActions } from "../../src/robot/ee-pose-delta.js";
import { FR3_READY, FR3_WORKSPACE, fr3Model } from "../../src/robot/fr3.js";
import { composed, eulerOfRotation, rotationOfEuler } from "../../src/robot/rotation.js";
import { CommandPipeline } from "../../src/safety/index.js";
import { uniform } from "../uniform.js";

const arm = await fr3Model(demoUrdf());
const options = { workspace: FR3_WORKSPACE, posture: FR3_READY, toolRotation: [1, 0, 0, 0, -1, 0, 0, 0, -1], gripper: { joint: 7, openingPerJoint: 2, maxJoint: 0.04 } };
const actions = new EePoseDeltaActions(arm, options);
const POSE = { names: ["dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"], gripper: "closedness_change", euler: "extrinsic_xyz" };
const POSE_STATE = { names: ["ee_x", "ee_y", "ee_z", "ee_roll", "ee_pitch", "ee_yaw", "gripper_closedness"], gripper: "closedness", euler: "extrinsic_xyz" };
const PLACE: EeDescription = { action: { names: ["dx", "dy", "dz", "gripper"] }, state: { names: ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"] } };

const ready = Float64Array.from(FR3_READY);
const still = new Float64Array(8);

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `[${i}] is ${actual[i]}, not ${expected[i]}`);
}

/** Angle between two rotations, rad: from the length of their difference, which is exact for small ones too. */
function turn(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return 2 * Math.asin(Math.min(1, Math.hypot(...Array.from(a, (value, i) => value - b[i]!)) / (2 * Math.SQRT2)));
}

test("Euler angles are about the fixed axes, x first, z last", () => {
  near(rotationOfEuler(0.3, 0, 0), [1, 0, 0, 0, Math.cos(0.3), -Math.sin(0.3), 0, Math.sin(0.3), Math.cos(0.3)], 1e-12);
  near(rotationOfEuler(0, 0.3, 0), [Math.cos(0.3), 0, Math.sin(0.3), 0, 1, 0, -Math.sin(0.3), 0, Math.cos(0.3)], 1e-12);
  near(rotationOfEuler(0, 0, 0.3), [Math.cos(0.3), -Math.sin(0.3), 0, Math.sin(0.3), Math.cos(0.3), 0, 0, 0, 1], 1e-12);
  const angle = uniform(-7, 7);
  fc.assert(fc.property(angle, angle, angle, (roll, pitch, yaw) => {
    const rotation = rotationOfEuler(roll, pitch, yaw);
    near(rotation, composed(rotationOfEuler(0, 0, yaw), composed(rotationOfEuler(0, pitch, 0), rotationOfEuler(roll, 0, 0))), 1e-12);
    const read = eulerOfRotation(rotation);
    near(rotationOfEuler(...read), rotation, 1e-9);
    assert.ok(Math.abs(read[0]) <= Math.PI && Math.abs(read[1]) <= Math.PI / 2 && Math.abs(read[2]) <= Math.PI);
  }));
});

test("where roll and yaw are one, yaw is 0 and the rotation still right", () => {
  for (const pitch of [Math.PI / 2, -Math.PI / 2]) {
    const rotation = rotationOfEuler(0.7, pitch, 0.3);
    const read = eulerOfRotation(rotation);
    assert.equal(read[2], 0);
    near(rotationOfEuler(...read), rotation, 1e-8);
  }
});

test("a composed pose is the one that the model's own pose arithmetic gives", () => {
  // training/vjepa2_ac: state and first action of the golden numbers, one step of compute_new_pose by the authors' code.
  const action = [0.5, 1.2, 1.9, 2.6, 3.3, 4.0, 4.7].map((phase) => 0.4 * Math.sin(phase));
  const rotation = composed(rotationOfEuler(action[3]!, action[4]!, action[5]!), rotationOfEuler(3.1, 0.2, -0.4));
  const slow = composed(composed(rotationOfEuler(0, 0, action[5]!), composed(rotationOfEuler(0, action[4]!, 0), rotationOfEuler(action[3]!, 0, 0))), rotationOfEuler(3.1, 0.2, -0.4));
  near(rotation, slow, 1e-12);
});

test("an action moves the tool by its delta and turns it about the base frame's axes", () => {
  const step = uniform(-0.05, 0.05);
  const small = uniform(-0.1, 0.1);
  fc.assert(fc.property(step, step, step, small, small, small, (...delta) => {
    const before = ready.slice();
    const start = arm.toolPose(ready);
    const targets = actions.jointTargets(ready, Float32Array.of(...delta, 0));
    assert.deepEqual(ready, before, "the set point is only read");
    const pose = arm.toolPose(targets);
    const wanted = delta.slice(0, 3).map((value, axis) => Math.min(FR3_WORKSPACE.high[axis]!, Math.max(FR3_WORKSPACE.low[axis]!, start.position[axis]! + value)));
    // The ready pose stands above the workspace, so the first action may have a long way down.
    near(pose.position, wanted, 0.01);
    assert.ok(turn(pose.rotation, composed(rotationOfEuler(delta[3], delta[4], delta[5]), start.rotation)) < 0.02);
    for (const [j, { name, lower, upper }] of arm.limits.entries()) assert.ok(targets[j]! >= lower && targets[j]! <= upper, name);
  }), { numRuns: 40 });
});

test("a hand that is never told to turn does not turn over a hundred actions", () => {
  let q = actions.jointTargets(ready, Float32Array.of(0, 0, -0.1, 0, 0, 0, 0));
  const { rotation } = arm.toolPose(q);
  for (let i = 0; i < 100; i++) {
    q = actions.jointTargets(q, Float32Array.of(0.03 * Math.sin(i / 5), 0.03 * Math.cos(i / 7), 0.02 * Math.sin(i / 3), 0, 0, 0, 0));
  }
  assert.ok(turn(arm.toolPose(q).rotation, rotation) < 0.02, `${turn(arm.toolPose(q).rotation, rotation)} rad`);
});

test("the gripper closes by what is added, opens by what is taken, and small changes are none", () => {
  for (const [from, change, after] of [[0.04, 0.75, 0.01], [0.04, -0.75, 0.04], [0.01, 0.5, 0], [0, -0.5, 0.02], [0.03, 0.2, 0.03], [0.03, -0.2, 0.03]] as const) {
    const start = Float64Array.from(FR3_READY);
    start[7] = from;
    const [finger] = actions.jointTargets(start, Float32Array.of(0, 0, 0, 0, 0, 0, change)).slice(7);
    assert.ok(Math.abs(finger! - after) < 1e-8, `${from} with ${change}: ${finger}`);
  }
});

test("the state is the pose in radians and how closed the gripper is", () => {
  const { position, rotation } = arm.toolPose(ready);
  const state = actions.state({ positions: ready, velocities: still });
  near(state.subarray(0, 3), position, 1e-6);
  near(rotationOfEuler(state[3]!, state[4]!, state[5]!), rotation, 1e-6);
  assert.equal(state[6], 0, "open");
  const closed = ready.slice();
  closed[7] = 0;
  assert.equal(actions.state({ positions: closed, velocities: still })[6], 1);
});

test("an action with a number that is not finite gives targets that are not, which the pipeline refuses", () => {
  for (let index = 0; index < 7; index++) {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const delta = new Float32Array(7);
      delta[index] = bad;
      const targets = actions.jointTargets(ready, delta);
      assert.ok(targets.every(Number.isNaN));
      const pipeline = new CommandPipeline(arm.limits);
      pipeline.reset({ positions: ready, velocities: still });
      assert.equal(pipeline.command(targets, 0.25).kind, "hold");
    }
  }
});

test("what a bundle says decides how its actions are executed, not how many there are", () => {
  assert.ok(eeActions(arm, PLACE, options) instanceof EeDeltaActions);
  assert.ok(eeActions(arm, { action: POSE, state: POSE_STATE }, options) instanceof EePoseDeltaActions);
  assert.deepEqual([restsAtZero(PLACE), restsAtZero({ action: POSE, state: POSE_STATE })], [false, true]);
  const refused: EeDescription[] = [
    { action: { ...POSE, gripper: undefined }, state: POSE_STATE },
    { action: { ...POSE, euler: undefined }, state: POSE_STATE },
    { action: POSE, state: PLACE.state },
    { action: POSE, state: { ...POSE_STATE, euler: undefined } },
    { action: { names: ["dx", "dy", "dz", "gripper"], gripper: "closedness_change" }, state: PLACE.state },
    { action: PLACE.action, state: POSE_STATE },
    { action: { names: ["a0", "a1"] }, state: { names: ["none"] } },
  ];
  for (const described of refused) {
    assert.throws(() => eeActions(arm, described, options), (error: unknown) => error instanceof Error && /cannot be executed|is not known beside/.test(error.message) && !error.message.includes("\n"));
  }
});
