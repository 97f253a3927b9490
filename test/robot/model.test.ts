import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { demoUrdf } from "../../sim/world.js";
import { FR3_JOINTS, FR3_READY, fr3Model } from "../../src/robot/fr3.js";
import { RobotModel } from "../../src/robot/model.js";
import { uniform } from "../uniform.js";

const URDF = demoUrdf();
const LINKS = { baseLink: "fr3_link0", toolLink: "fr3_hand_tcp" };
const arm = await fr3Model(URDF);
const LIMIT = '<limit lower="-3" upper="3" velocity="1"/>';

function close(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  const told = `${Array.from(actual).join(" ")}\nis not\n${Array.from(wanted).join(" ")}`;
  for (let i = 0; i < wanted.length; i++) assert.ok(Math.abs(actual[i]! - wanted[i]!) <= tolerance, told);
}

/** Joint positions anywhere inside the limits. */
const anywhere = fc.array(uniform(0, 1), { minLength: 8, maxLength: 8 })
  .map((shares) => arm.limits.map(({ lower, upper }, j) => lower + shares[j]! * (upper - lower)));

test("the tool of the ready pose is where Franka says: 0.307 m ahead, 0.487 m up, pointing down", () => {
  const { position, rotation } = arm.toolPose(FR3_READY);
  close(position, [0.3069, 0, 0.4869], 1e-4);
  close(rotation, [1, 0, 0, 0, -1, 0, 0, 0, -1], 1e-4);
});

test("forward kinematics agrees with a chain multiplied out by hand", () => {
  // Modified Denavit-Hartenberg parameters of the arm: a (m), d (m), alpha (rad) of each joint, then flange and hand.
  const rows = [[0, 0.333, 0], [0, 0, -Math.PI / 2], [0, 0.316, Math.PI / 2], [0.0825, 0, Math.PI / 2], [-0.0825, 0.384, -Math.PI / 2], [0, 0, Math.PI / 2], [0.088, 0, Math.PI / 2]] as const;
  const multiply = (a: number[][], b: number[][]): number[][] => a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
  const link = (a: number, d: number, alpha: number, theta: number): number[][] => {
    const [ca, sa, ct, st] = [Math.cos(alpha), Math.sin(alpha), Math.cos(theta), Math.sin(theta)];
    return [[ct, -st, 0, a], [st * ca, ct * ca, -sa, -d * sa], [st * sa, ct * sa, ca, d * ca], [0, 0, 0, 1]];
  };
  fc.assert(fc.property(anywhere, (q) => {
    let pose = rows.map(([a, d, alpha], j) => link(a, d, alpha, q[j]!)).reduce(multiply);
    pose = multiply(pose, link(0, 0.107 + 0.1034, 0, -Math.PI / 4));
    const { position, rotation } = arm.toolPose(q);
    // The URDF has its right angles to four digits.
    close(position, [0, 1, 2].map((row) => pose[row]![3]!), 1e-4);
    close(rotation, [0, 1, 2].flatMap((row) => pose[row]!.slice(0, 3)), 1e-4);
  }), { numRuns: 50 });
});

test("the Jacobian is the derivative of the pose", () => {
  const h = 1e-6;
  fc.assert(fc.property(anywhere, (q) => {
    const jacobian = arm.toolJacobian(q);
    const { rotation } = arm.toolPose(q);
    for (let j = 0; j < 8; j++) {
      const [ahead, behind] = [h, -h].map((step) => arm.toolPose(q.map((value, i) => (i === j ? value + step : value))));
      const rate = (a: ArrayLike<number>, b: ArrayLike<number>, i: number): number => (a[i]! - b[i]!) / (2 * h);
      // dR/dq times R transposed is the skew matrix of the angular velocity.
      const spin = (row: number, column: number): number =>
        [0, 1, 2].reduce((sum, k) => sum + rate(ahead!.rotation, behind!.rotation, 3 * row + k) * rotation[3 * column + k]!, 0);
      const wanted = [...[0, 1, 2].map((axis) => rate(ahead!.position, behind!.position, axis)), spin(2, 1), spin(0, 2), spin(1, 0)];
      close([0, 1, 2, 3, 4, 5].map((row) => jacobian[row * 8 + j]!), wanted, 1e-6);
    }
  }), { numRuns: 30 });
});

test("what was computed before does not matter, not even a NaN", () => {
  const wanted = arm.toolPose(FR3_READY);
  arm.toolPose(new Float64Array(8).fill(NaN));
  arm.toolJacobian(new Float64Array(8).fill(NaN));
  assert.deepEqual(arm.toolPose(FR3_READY), wanted);
  assert.ok(arm.toolPose([NaN, ...FR3_READY.slice(1)]).position.some(Number.isNaN));
});

test("the fingers do not move the tool, the arm's joints do", () => {
  assert.deepEqual(arm.movesTool, [true, true, true, true, true, true, true, false]);
  assert.deepEqual(arm.jointNames, FR3_JOINTS);
});

test("without names: every moving joint but the mimicking one", async () => {
  assert.deepEqual((await RobotModel.fromUrdf(URDF, LINKS)).jointNames, FR3_JOINTS);
});

test("joint vectors have the order that was asked for", async () => {
  const backwards = await RobotModel.fromUrdf(URDF, { ...LINKS, jointNames: [...FR3_JOINTS].reverse() });
  close(backwards.toolPose([...FR3_READY].reverse()).position, arm.toolPose(FR3_READY).position, 0);
  assert.deepEqual(backwards.limits.map((limits) => limits.name), [...FR3_JOINTS].reverse());
});

test("meshes and materials that do not exist do not matter", async () => {
  const meshes = URDF.replaceAll(/<geometry>.*?<\/geometry>/g, '<geometry><mesh filename="package://nowhere/meshes/link.stl"/></geometry>');
  assert.ok(meshes.includes("nowhere"));
  close((await fr3Model(meshes)).toolPose(FR3_READY).position, arm.toolPose(FR3_READY).position, 0);
});

test("poses are in the frame of the base link, wherever the robot stands", async () => {
  for (const mount of ['<joint name="mount" type="fixed">', `<joint name="mount" type="prismatic">${LIMIT}`]) {
    const standing = URDF.replace('<link name="fr3_link0">',
      `<link name="world"/>${mount}<origin xyz="1 2 3" rpy="0.1 0.2 0.3"/><parent link="world"/><child link="fr3_link0"/></joint><link name="fr3_link0">`);
    const model = await fr3Model(standing);
    close(model.toolPose(FR3_READY).position, arm.toolPose(FR3_READY).position, 1e-12);
    close(model.toolJacobian(FR3_READY), arm.toolJacobian(FR3_READY), 1e-12);
    assert.deepEqual((await RobotModel.fromUrdf(standing, LINKS)).jointNames, FR3_JOINTS, "what carries the base is not controlled");
  }
});

test("a joint that turns without end is allowed", async () => {
  const endless = URDF.replace('"fr3_joint1" type="revolute"', '"fr3_joint1" type="continuous"').replace('lower="-2.7437" upper="2.7437" ', "");
  const model = await fr3Model(endless);
  assert.deepEqual([model.limits[0]?.lower, model.limits[0]?.upper], [-Infinity, Infinity]);
  close(model.toolPose(FR3_READY).position, arm.toolPose(FR3_READY).position, 0);
});

const LOOP = `<robot name="loop"><link name="base"/><link name="a"/><link name="b"/>
  <joint name="ab" type="fixed"><parent link="a"/><child link="b"/></joint><joint name="ba" type="fixed"><parent link="b"/><child link="a"/></joint></robot>`;

for (const [what, urdf, options, line] of [
  ["a base that is not there", URDF, { ...LINKS, baseLink: "torso" }, /"fr3" has no link "torso"/],
  ["a tool that is not there", URDF, { ...LINKS, toolLink: "hook" }, /"fr3" has no link "hook"/],
  ["a tool that the base does not carry", URDF, { baseLink: "fr3_hand_tcp", toolLink: "fr3_link0" }, /no chain of joints leads from "fr3_hand_tcp" to "fr3_link0"/],
  ["links in a ring", LOOP, { baseLink: "base", toolLink: "a" }, /no chain of joints leads from "base" to "a"/],
  ["a joint that is not there", URDF, { ...LINKS, jointNames: ["fr3_joint8"] }, /no moving joint "fr3_joint8"/],
  ["a joint that does not move", URDF, { ...LINKS, jointNames: ["fr3_hand_joint"] }, /no moving joint "fr3_hand_joint"/],
  ["a joint before the base", URDF, { ...LINKS, baseLink: "fr3_link2", jointNames: ["fr3_joint1"] }, /no moving joint "fr3_joint1" after the link "fr3_link2"/],
] as const) {
  test(`refused in one line: ${what}`, async () => {
    await assert.rejects(RobotModel.fromUrdf(urdf, options), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^robot: [^\n]+$/);
      assert.match(error.message, line);
      return true;
    });
  });
}
