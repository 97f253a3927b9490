import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FR3_READY, fr3Actions, fr3ActionsOf, fr3Model } from "../../src/robot/fr3.js";
import { FrameTurn } from "../../src/robot/frame-turn.js";
import { composed, rotationOfEuler } from "../../src/robot/rotation.js";
import { TurnedActions } from "../../src/robot/turned-actions.js";
import { demoUrdf } from "../../sim/world.js";

const STATE = ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"];
const ACTION = ["dx", "dy", "dz", "gripper"];
const POSE_STATE = ["ee_x", "ee_y", "ee_z", "ee_roll", "ee_pitch", "ee_yaw", "gripper_closedness"];
const POSE_ACTION = ["dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"];
const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });
const small = fc.double({ min: -0.6, max: 0.6, noNaN: true });

function near(one: ArrayLike<number>, other: ArrayLike<number>, within = 1e-5): void {
  assert.equal(one.length, other.length);
  for (let i = 0; i < one.length; i++) assert.ok(Math.abs(one[i]! - other[i]!) <= within, `[${i}] ${one[i]} and ${other[i]}`);
}

test("a quarter turn about the workspace's middle", () => {
  const turn = { angleRad: Math.PI / 2, pivotM: [0.5, 0] as const };
  near(new FrameTurn(STATE, turn).toBase(Float32Array.of(0.6, 0, 0.2, 0.08, 0.1, 0, 0.3)), [0.5, 0.1, 0.2, 0.08, 0, 0.1, 0.3], 1e-7);
  near(new FrameTurn(ACTION, turn).toBase(Float32Array.of(0.04, 0, -0.01, 1, 0, 0.04, 0.01, 0)), [0, 0.04, -0.01, 1, -0.04, 0, 0.01, 0], 1e-7);
});

test("there and back again; lengths stay, and what points up stays", () => {
  fc.assert(fc.property(angle, small, small, fc.array(small, { minLength: 14, maxLength: 14 }), (angleRad, px, py, numbers) => {
    for (const names of [STATE, POSE_STATE, POSE_ACTION]) {
      const turn = new FrameTurn(names, { angleRad, pivotM: [px, py] });
      const rows = Float32Array.from(numbers);
      const base = turn.toBase(rows);
      near(turn.toModel(base), rows, 2e-5);
      for (const row of [0, 7]) {
        assert.equal(base[row + 2], rows[row + 2]);
        const [ox, oy] = names === POSE_ACTION ? [0, 0] : [px, py];
        assert.ok(Math.abs(Math.hypot(base[row]! - ox, base[row + 1]! - oy) - Math.hypot(rows[row]! - ox, rows[row + 1]! - oy)) < 1e-6);
      }
    }
  }));
});

test("a pose and a change of it, turned, make the turned pose", () => {
  fc.assert(fc.property(angle, fc.array(small, { minLength: 3, maxLength: 3 }), fc.array(small, { minLength: 3, maxLength: 3 }), (angleRad, [roll, pitch, yaw], [dr, dp, dw]) => {
    const turn = { angleRad, pivotM: [0, 0] as const };
    const pose = new FrameTurn(POSE_STATE, turn).toBase(Float32Array.of(0, 0, 0, roll!, pitch!, yaw!, 0));
    const change = new FrameTurn(POSE_ACTION, turn).toBase(Float32Array.of(0, 0, 0, dr!, dp!, dw!, 0));
    const rotation = (values: Float32Array): Float64Array => rotationOfEuler(values[3]!, values[4]!, values[5]!);
    const changed = composed(rotation(change), rotation(pose));
    const wanted = composed(rotationOfEuler(0, 0, angleRad), composed(rotationOfEuler(dr!, dp!, dw!), rotationOfEuler(roll!, pitch!, yaw!)));
    near(changed, wanted, 1e-5);
  }));
});

test("names without a partner and turns that are none are refused", () => {
  assert.throws(() => new FrameTurn(["dx", "dz"], { angleRad: 1, pivotM: [0, 0] }), /dx without dy cannot be turned: dx,dz/);
  assert.throws(() => new FrameTurn(ACTION, { angleRad: NaN, pivotM: [0, 0] }), /turn of NaN rad about 0, 0: give finite numbers/);
});

test("an action in turned axes moves the arm as the turned action in the base frame does", async () => {
  const robot = await fr3Model(demoUrdf());
  const plain = fr3Actions(robot);
  const names = { action: { names: ACTION }, state: { names: STATE } };
  const turned = new TurnedActions(plain, names, { angleRad: Math.PI / 3, pivotM: [0.5, 0] });
  const q = Float64Array.from(FR3_READY);
  const [cos, sin] = [Math.cos(Math.PI / 3), Math.sin(Math.PI / 3)];
  // Far from the borders of the workspace, so that neither is cut.
  near(turned.jointTargets(q, Float32Array.of(0.02, 0.01, -0.1, 1)), plain.jointTargets(q, Float32Array.of(0.02 * cos - 0.01 * sin, 0.02 * sin + 0.01 * cos, -0.1, 1)), 1e-7);
  const joints = { positions: q, velocities: q.map(() => 0.1) };
  const [model, base] = [turned.state(joints), plain.state(joints)];
  near(new FrameTurn(STATE, { angleRad: Math.PI / 3, pivotM: [0.5, 0] }).toBase(model), base, 1e-6);
  assert.ok(Math.abs(model[1]! - base[1]!) > 0.05, "it did turn");
  // NaN goes on to src/safety, which refuses it.
  assert.ok(turned.jointTargets(q, Float32Array.of(NaN, 0, 0, 1)).every(Number.isNaN));
  robot.dispose();
});

test("with a hand that turns: V-JEPA 2-AC's actions, too", async () => {
  const robot = await fr3Model(demoUrdf());
  const names = {
    action: { names: POSE_ACTION, gripper: "closedness_change", euler: "extrinsic_xyz" }, state: { names: POSE_STATE, gripper: "closedness", euler: "extrinsic_xyz" },
  } as const;
  const plain = fr3ActionsOf(robot, names);
  const turn = { angleRad: -0.7, pivotM: [0.5, 0] as const };
  const turned = new TurnedActions(plain, names, turn);
  const q = FR3_READY;
  const start = Float64Array.from(q);
  const action = Float32Array.of(0.02, -0.01, 0, 0.05, 0.02, 0.1, 0);
  const rest = (positions: Float64Array): { positions: Float64Array; velocities: Float64Array } => ({ positions, velocities: new Float64Array(8) });
  const before = turned.state(rest(start));
  const after = turned.state(rest(turned.jointTargets(start, action)));
  // In the model's frame the pose changed as the model said.
  near(rotationOfEuler(after[3]!, after[4]!, after[5]!),
    composed(rotationOfEuler(0.05, 0.02, 0.1), rotationOfEuler(before[3]!, before[4]!, before[5]!)), 5e-3);
  robot.dispose();
});
