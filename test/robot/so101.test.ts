import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createActionSpace } from "../../src/robot/action-space.js";
import { findRobot } from "../../src/robot/find-robot.js";
import { FR3 } from "../../src/robot/fr3.js";
import { JointDeltaActions } from "../../src/robot/joint-delta.js";
import { RobotModel } from "../../src/robot/model.js";
import { parseRobotDescription } from "../../src/robot/robot-description.js";
import { robotPipeline } from "../../src/safety/robot-pipeline.js";
import { uniform } from "../uniform.js";

const robot = findRobot("so101");
const { description } = robot;
const { workspace, joints } = description;
const arm = await RobotModel.fromUrdf(robot.urdf, { baseLink: description.base_link, toolLink: description.tool_link, jointNames: joints });
const actions = new JointDeltaActions(arm, { workspace });
const HOME = Float64Array.from(description.posture);

/** Joint origins of the public URDF (SO-ARM100, Simulation/SO101/so101_new_calib.urdf), each about its own z: xyz (m), rpy (rad). */
const PUBLIC = [
  [[0.0388353, 0, 0.0624], [Math.PI, 0, -Math.PI]], [[-0.0303992, -0.0182778, -0.0542], [-Math.PI / 2, -Math.PI / 2, 0]],
  [[-0.11257, -0.028, 0], [0, 0, Math.PI / 2]], [[-0.1349, 0.0052, 0], [0, 0, -Math.PI / 2]], [[0, -0.0611, 0.0181], [Math.PI / 2, 0.0486795, Math.PI]],
] as const;
const PUBLIC_TOOL = [[-0.0079, -0.000218121, -0.0981274], [0, Math.PI, 0]] as const;

type Matrix = number[][];
const product = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
function transform(xyz: readonly number[], [roll, pitch, yaw]: readonly [number, number, number]): Matrix {
  const [cr, sr, cp, sp, cy, sy] = [Math.cos(roll), Math.sin(roll), Math.cos(pitch), Math.sin(pitch), Math.cos(yaw), Math.sin(yaw)];
  return [[cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr, xyz[0]!], [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr, xyz[1]!], [-sp, cp * sr, cp * cr, xyz[2]!], [0, 0, 0, 1]];
}

test("the SO-101's own URDF has the kinematics of the public figures, place and rotation of the tool", () => {
  const joint = uniform(-1.6, 1.6);
  fc.assert(fc.property(fc.tuple(joint, joint, joint, joint, joint), (q) => {
    let wanted = transform([0, 0, 0], [0, 0, 0]);
    PUBLIC.forEach(([xyz, rpy], j) => { wanted = product(product(wanted, transform(xyz, rpy)), transform([0, 0, 0], [0, 0, q[j]!])); });
    wanted = product(wanted, transform(PUBLIC_TOOL[0], PUBLIC_TOOL[1]));
    const { position, rotation } = arm.toolPose([...q, 0]);
    for (const row of [0, 1, 2]) {
      // The public figures are rounded to tenths of a millimetre and five digits of an angle; ours were computed from them.
      assert.ok(Math.abs(position[row]! - wanted[row]![3]!) < 1e-4, `${position.join(" ")} is not ${wanted.map((line) => line[3]).join(" ")}`);
      for (const column of [0, 1, 2]) assert.ok(Math.abs(rotation[3 * row + column]! - wanted[row]![column]!) < 1e-3);
    }
  }), { numRuns: 50 });
});

test("joint deltas start at the setpoint, keep a margin to the limits, and proprioception is the joint positions", () => {
  const delta = Float32Array.of(0.05, -0.04, 0.03, 0.02, -0.1, 0.1);
  const targets = actions.jointTargets(HOME, delta);
  targets.forEach((target, j) => { assert.ok(Math.abs(target - HOME[j]! - delta[j]!) < 1e-7); });
  assert.deepEqual(actions.state({ positions: HOME, velocities: new Float64Array(6) }), Float32Array.from(HOME));
  const open = HOME.with(5, 1.73);
  assert.equal(actions.jointTargets(open, Float32Array.of(0, 0, 0, 0, 0, 0.2))[5], 1.73, "beyond the margin it may stay");
  assert.ok(actions.jointTargets(open, Float32Array.of(0, 0, 0, 0, 0, -0.2))[5]! < 1.55, "and come back");
  assert.ok(actions.jointTargets(HOME, Float32Array.of(0, 0, 0, 0, 0, 9))[5]! <= arm.limits[5]!.upper - 0.02 + 1e-9);
});

test("one joint at its bound does not stop the others in the pipeline", () => {
  const pipeline = robotPipeline(description, arm.limits);
  const atBound = HOME.with(4, arm.limits[4]!.lower + 0.1);
  pipeline.reset({ positions: atBound, velocities: new Float64Array(6) });
  const command = pipeline.command(actions.jointTargets(atBound, Float32Array.of(0.05, 0, 0, 0, -0.3, 0)), 0.2);
  assert.ok(command.kind === "move" && command.scale > 0.9, JSON.stringify(command));
  assert.ok(pipeline.setpoint.positions[0]! > HOME[0]! + 0.04);
});

test("a number that is not finite gives NaN, which the pipeline refuses", () => {
  const pipeline = robotPipeline(description, arm.limits);
  pipeline.reset({ positions: HOME, velocities: new Float64Array(6) });
  for (const bad of [NaN, Infinity, -Infinity]) {
    const targets = actions.jointTargets(HOME, Float32Array.of(0, bad, 0, 0, 0, 0));
    assert.ok(targets.every(Number.isNaN));
    const command = pipeline.command(targets, 0.2);
    assert.equal(command.kind === "hold" && command.reason, "command_not_finite");
  }
});

test("no joint delta takes the tool out of the workspace, and one that leads back in is executed", () => {
  const step = uniform(-0.3, 0.3);
  fc.assert(fc.property(fc.tuple(step, step, step, step, step, step), (delta) => {
    const targets = actions.jointTargets(HOME, Float32Array.from(delta));
    const { position } = arm.toolPose(targets);
    position.forEach((place, axis) => { assert.ok(place >= workspace.low[axis]! - 1e-3 && place <= workspace.high[axis]! + 1e-3); });
  }), { numRuns: 200 });
  // At the border it slides along it: lifting the arm is done, turning it farther out is not.
  const corner = Float64Array.of(-0.57, 0.42, -0.61, 0.59, 0.44, 0.5);
  const slid = actions.jointTargets(corner, Float32Array.of(-0.05, -0.1, 0.1, -0.1, 0, 0));
  assert.ok(Math.abs(slid[1]! - corner[1]! + 0.1) < 1e-6 || Math.abs(slid[2]! - corner[2]! - 0.1) < 1e-6, `it moves: ${[...slid].join(" ")}`);
  // The arm stretched out: its tool is beyond the box.
  const out = Float64Array.of(0, 0, 0, 0, 0, 0.4);
  assert.ok(arm.toolPose(out).position[0]! > workspace.high[0]);
  const back = actions.jointTargets(out, Float32Array.of(0, -0.05, 0.05, 0.1, 0, 0));
  assert.ok(arm.toolPose(back).position[0]! < arm.toolPose(out).position[0]!, "inwards");
  const farther = actions.jointTargets(HOME.map((value, j) => (j < 4 ? 0 : value)), Float32Array.of(0, 0.01, -0.02, 0, 0, 0.1));
  assert.ok(Math.abs(farther[5]! - HOME[5]! - 0.1) < 1e-6, "the gripper does not wait for the arm");
});

test("a bundle's joint deltas are executed by name, in an order of its own and for some of the joints; what the robot has not is refused in one line", () => {
  const options = { workspace, toolRotation: [], posture: HOME, gripper: { joint: 5, openingPerJoint: 1, maxJoint: 1 } };
  const names = ["elbow_flex", "shoulder_pan"];
  const described = (action: readonly string[], state = action) => ({ action: { kind: "joint_delta" as const, names: action }, state: { names: state } });
  const space = createActionSpace(arm, described(names), options);
  const targets = space.jointTargets(HOME, Float32Array.of(0.05, -0.02));
  assert.deepEqual(Array.from(targets, (target, j) => Math.round(1000 * (target - HOME[j]!))), [-20, 0, 50, 0, 0, 0]);
  assert.deepEqual(space.state({ positions: HOME, velocities: HOME }), Float32Array.of(HOME[2]!, HOME[0]!));
  assert.throws(() => createActionSpace(arm, described(["elbow_flex", "knee"]), options), /its action "knee" is no joint of the robot, which has shoulder_pan/);
  assert.throws(() => createActionSpace(arm, described(["gripper", "gripper"]), options), /name the joint "gripper" twice/);
  assert.throws(() => createActionSpace(arm, described(names, ["ee_x", "ee_y"]), options), /state ee_x,ee_y is not known beside actions of kind joint_delta/);
});

test("robots are found by name and by file; a description that does not hold is refused with its field", () => {
  assert.equal(findRobot("fr3").description, FR3);
  assert.equal(description.joints.length, 6);
  assert.throws(() => findRobot("so999"), /^Error: robot "so999": .*so999\.json cannot be read \(ENOENT\); give a name of config\/robots/);
  const text = (change: object): string => JSON.stringify({ ...description, ...change });
  assert.equal(parseRobotDescription(text({}), "mine").name, "so101");
  for (const [change, line] of [
    [{ posture: [0] }, /posture.*write one value for each of the 6 joints/],
    [{ action: { kind: "joint_delta", period_s: 0.2, max_delta: [0.1] } }, /action\.max_delta.*write one value for each of the 6 joints/],
    [{ gripper: { ...description.gripper, joint: "claw" } }, /gripper\.joint.*"claw".*write one of joints/],
    [{ workspace: { low: [1, 0, 0], high: [0.5, 1, 1] } }, /workspace\.low\[0\].*less than/],
    [{ safety: { speed: 3 } }, /speed.*not a field/],
    [{ wheels: 4 }, /wheels.*not a field/],
  ] as const) {
    assert.throws(() => parseRobotDescription(text(change), "mine"), (error: Error) => {
      assert.match(error.message, line);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});
