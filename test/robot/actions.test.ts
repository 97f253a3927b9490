import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { demoUrdf } from "../../sim/world.js";
import { jointsPerMetre, solveToolPose } from "../../src/robot/differential-ik.js";
import { FR3_READY, FR3_WORKSPACE, fr3Actions, fr3Model } from "../../src/robot/fr3.js";
import { CommandPipeline } from "../../src/safety/index.js";
import { uniform } from "../uniform.js";

const arm = await fr3Model(demoUrdf());
const actions = fr3Actions(arm);
const { low, high } = FR3_WORKSPACE;
const DOWN = [1, 0, 0, 0, -1, 0, 0, 0, -1];
const DEGREE = Math.PI / 180;

const share = uniform(0, 1);
const place = fc.tuple(share, share, share).map((shares) => shares.map((s, axis) => low[axis]! + s * (high[axis]! - low[axis]!)));
const step = uniform(-0.04, 0.04);
const action = fc.tuple(step, step, step, share).map((values) => Float32Array.from(values));

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}

/** Angle between two rotations, rad: from the length of their difference, which is exact for small ones too. */
function turn(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return 2 * Math.asin(Math.min(1, Math.hypot(...Array.from(a, (value, i) => value - b[i]!)) / (2 * Math.SQRT2)));
}

function assertInsideLimits(q: ArrayLike<number>): void {
  for (const [j, { name, lower, upper }] of arm.limits.entries()) assert.ok(q[j]! >= lower && q[j]! <= upper, `${name} at ${q[j]!}`);
}

/** The arm with its tool at a place, pointing down. */
function armAt(position: readonly number[]): Float64Array {
  return solveToolPose(arm, FR3_READY, position, DOWN, { iterations: 30, posture: FR3_READY });
}

test("inverse kinematics comes within a millimetre and half a degree anywhere in the workspace, inside the joint limits", () => {
  fc.assert(fc.property(place, place, (from, to) => {
    for (const start of [FR3_READY, armAt(from)]) {
      const q = solveToolPose(arm, start, to, DOWN, { iterations: 20 });
      const pose = arm.toolPose(q);
      assert.ok(distance(pose.position, to) < 0.001, `${distance(pose.position, to)} m`);
      assert.ok(turn(pose.rotation, DOWN) < 0.5 * DEGREE, `${turn(pose.rotation, DOWN) / DEGREE} degrees`);
      assertInsideLimits(q);
      assert.equal(q[7], start[7], "the finger stays");
    }
  }), { numRuns: 40 });
});

test("a place that cannot be reached gives an arm inside its limits all the same", () => {
  const far = fc.tuple(...[0, 1, 2].map(() => uniform(-3, 3)));
  fc.assert(fc.property(far, (to) => {
    const q = solveToolPose(arm, FR3_READY, to, DOWN, { iterations: 30, posture: FR3_READY });
    assert.ok(q.every(Number.isFinite), q.join(" "));
    assertInsideLimits(q);
  }), { numRuns: 30 });
});

test("an action moves the tool by its delta, inside the workspace, and keeps it pointing down", () => {
  fc.assert(fc.property(place, action, (from, delta) => {
    const start = armAt(from);
    const before = start.slice();
    const targets = actions.jointTargets(start, delta);
    assert.deepEqual(start, before, "the set point is only read");
    const wanted = from.map((value, axis) => Math.min(high[axis]!, Math.max(low[axis]!, value + delta[axis]!)));
    const pose = arm.toolPose(targets);
    assert.ok(distance(pose.position, wanted) < 0.004, `${distance(pose.position, wanted)} m off`);
    assert.ok(turn(pose.rotation, DOWN) < 1.5 * DEGREE, `${turn(pose.rotation, DOWN) / DEGREE} degrees`);
    assertInsideLimits(targets);
  }), { numRuns: 60 });
});

test("without a delta the tool stays, but for less than a millimetre that the pull to the posture costs", () => {
  for (const at of [[0.5, 0, 0.2], [0.36, -0.2, 0.05], [0.64, 0.2, 0.3]]) {
    let q = armAt(at);
    for (let i = 0; i < 10; i++) {
      const next = actions.jointTargets(q, Float32Array.from([0, 0, 0, 1]));
      const crept = distance(arm.toolPose(next).position, arm.toolPose(q).position);
      assert.ok(crept < 0.001, `${crept} m`);
      q = next;
    }
  }
});

test("an arm of another shape at the same place settles into one shape", () => {
  const twisted = armAt([0.5, 0, 0.2]);
  let q = solveToolPose(arm, twisted.map((value, j) => value + (j === 2 ? 0.6 : 0)), [0.5, 0, 0.2], DOWN, { iterations: 20 });
  const before = Math.abs(q[2]! - twisted[2]!);
  assert.ok(before > 0.2, "the elbow is turned out");
  for (let i = 0; i < 20; i++) q = actions.jointTargets(q, new Float32Array(4));
  assert.ok(Math.abs(q[2]!) < before / 4, `joint 3 at ${q[2]!}`);
});

test("the gripper: 0 closes, 1 opens, more is not more", () => {
  for (const [gripper, finger] of [[0, 0], [1, 0.04], [0.5, 0.02], [-2, 0], [7, 0.04]] as const) {
    assert.ok(Math.abs(actions.jointTargets(armAt([0.5, 0, 0.2]), Float32Array.from([0, 0, 0, gripper]))[7]! - finger) < 1e-9);
  }
});

test("an action with a number that is not finite gives targets that are not, which the pipeline refuses", () => {
  const start = armAt([0.5, 0, 0.2]);
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const index of [0, 1, 2, 3]) {
      const delta = Float32Array.from([0.01, 0.01, 0.01, 1]);
      delta[index] = bad;
      const targets = actions.jointTargets(start, delta);
      assert.ok(targets.every(Number.isNaN), `${bad} at ${index}: ${targets.join(" ")}`);
      const pipeline = new CommandPipeline(arm.limits);
      pipeline.reset({ positions: start, velocities: new Float64Array(8) });
      const command = pipeline.command(targets, 0.2);
      assert.ok(command.kind === "hold" && command.reason === "command_not_finite");
    }
  }
  assert.ok(actions.jointTargets(start, new Float32Array(4)).every(Number.isFinite), "the next action is none the worse");
});

test("the state is the tool's place, the opening, and the velocity that the pose changes with", () => {
  const speed = fc.array(uniform(-1, 1), { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(place, speed, share, (at, speeds, opening) => {
    const positions = armAt(at);
    positions[7] = 0.04 * opening;
    const velocities = Float64Array.from(speeds);
    const state = actions.state({ positions, velocities });
    assert.equal(state.length, 7);
    const h = 1e-5;
    const [ahead, behind] = [h, -h].map((dt) => arm.toolPose(positions.map((q, j) => q + dt * velocities[j]!)).position);
    const wanted = [...arm.toolPose(positions).position, 0.08 * opening, ...[0, 1, 2].map((axis) => (ahead![axis]! - behind![axis]!) / (2 * h))];
    for (const [i, value] of wanted.entries()) assert.ok(Math.abs(state[i]! - value) < 1e-5, `entry ${i}: ${state[i]!}, wanted ${value}`);
  }), { numRuns: 30 });
});

test("joints follow the tool as estimated: to first order near the start, and within half a radian 20 cm away", () => {
  const shares: number[] = [];
  fc.assert(fc.property(place, fc.tuple(step, step, step), fc.constantFrom(0.1, 1, 3), (place, moves, times) => {
    const q = armAt(place);
    // The pull to the posture leaves it some millimetres beside the place.
    const from = Array.from(arm.toolPose(q).position);
    const perMetre = jointsPerMetre(arm, q);
    const to = moves.map((move, axis) => Math.min(high[axis]!, Math.max(low[axis]!, from[axis]! + times * move)));
    const estimated = Array.from(q, (position, j) => position + to.reduce((sum, value, axis) => sum + perMetre[3 * j + axis]! * (value - from[axis]!), 0));
    const length = distance(from, to);
    const missed = distance(arm.toolPose(estimated).position, to);
    assert.ok(missed < 0.1 * length + 4 * length ** 2 + 1e-3, `the tool is ${missed} m off after ${length} m`);
    assert.equal(estimated[7], q[7], "the finger stays");
    // Without the pull to the posture, which the estimate does not know.
    const real = solveToolPose(arm, q, to, DOWN, { iterations: 20 });
    const off = Math.max(...estimated.slice(0, 7).map((value, j) => Math.abs(value - real[j]!)));
    shares.push(off / (0.01 + 0.3 * length + 8 * length ** 2));
  }), { numRuns: 100 });
  // At the near end of the workspace the arm is folded, and turns about its redundant axis more than elsewhere.
  const sorted = shares.toSorted((one, other) => one - other);
  assert.ok(sorted[Math.floor(0.9 * sorted.length)]! < 1 && sorted.at(-1)! < 4, `shares of the bound: ${sorted.slice(-12).map((share) => share.toFixed(2)).join(" ")}`);
});
