import assert from "node:assert/strict";
import { test } from "node:test";
import { demoUrdf } from "../../sim/world.js";
import { FR3_JOINTS } from "../../src/robot/fr3.js";
import { RobotModel } from "../../src/robot/model.js";
import { parseUrdf } from "../../src/robot/urdf.js";

const URDF = demoUrdf();
const LIMIT = '<limit lower="-1" upper="1" velocity="1" acceleration="5"/>';

/** A small robot: three links and whatever is in between. */
function robot(inside: string): string {
  return `<robot name="small"><link name="a"/><link name="b"/><link name="c"/>${inside}</robot>`;
}

function joint(name: string, parent: string, child: string, inside = LIMIT, type = "revolute"): string {
  return `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/>${inside}</joint>`;
}

test("the demo arm: links, joints, limits and what mimics what", () => {
  const urdf = parseUrdf(URDF);
  assert.equal(urdf.name, "fr3");
  const first = urdf.joints.find((j) => j.name === "fr3_joint1");
  assert.deepEqual(first?.limits, { name: "fr3_joint1", lower: -2.7437, upper: 2.7437, maxVelocity: 2.62, maxAcceleration: 10, maxJerk: 5000 });
  assert.equal(urdf.joints.find((j) => j.name === "fr3_finger_joint2")?.mimics, "fr3_finger_joint1");
  for (const name of FR3_JOINTS) assert.ok(urdf.joints.some((j) => j.name === name && j.limits !== undefined), name);
  for (const { name, type, limits } of urdf.joints) assert.equal(limits === undefined, type === "fixed", name);
});

test("one joint is read as well as many; a limit without acceleration gets a cautious one", () => {
  const urdf = parseUrdf('<robot name="one"><link name="a"/><link name="b"/>' +
    joint("j", "a", "b", '<axis xyz="0 1 0"/><limit lower="-1" upper="2" velocity="3"/>') + "</robot>");
  assert.equal(urdf.joints.length, 1);
  assert.equal(urdf.joints[0]?.axis, "0 1 0");
  assert.deepEqual(urdf.joints[0].limits, { name: "j", lower: -1, upper: 2, maxVelocity: 3, maxAcceleration: 2, maxJerk: 200 });
});

for (const [what, xml, line] of [
  ["nothing", "", /not well-formed XML/],
  ["prose", "this is no robot", /not well-formed XML/],
  ["a tag that is not closed", '<robot name="x"><link name="a">', /not well-formed XML/],
  ["an SDF", '<sdf version="1.7"/>', /no <robot> element/],
  ["a robot without a name", "<robot><link name='a'/></robot>", /robot has no name/],
  ["a link without a name", '<robot name="x"><link/></robot>', /link has no name/],
  ["a joint without a name", robot('<joint type="fixed"><parent link="a"/><child link="b"/></joint>'), /joint has no name/],
  ["a joint without a type", robot('<joint name="j"><parent link="a"/><child link="b"/></joint>'), /joint "j" has no type/],
  ["a type that is not supported", robot(joint("j", "a", "b", LIMIT, "floating")), /"j" has the type "floating"/],
  ["a joint without a parent", robot('<joint name="j" type="fixed"><child link="b"/></joint>'), /<parent> of joint "j" has no link/],
  ["a joint without a child", robot('<joint name="j" type="fixed"><parent link="b"/></joint>'), /<child> of joint "j" has no link/],
  ["a link that is not there", robot(joint("j", "a", "nowhere")), /joint "j" names the link "nowhere"/],
  ["a link twice", robot('<link name="a"/>'), /link "a" is there twice/],
  ["a joint twice", robot(joint("j", "a", "b") + joint("j", "b", "c")), /joint "j" is there twice/],
  ["a link with two parents", robot(joint("j", "a", "c") + joint("k", "b", "c")), /link "c" is the child of two joints/],
  ["no limits", robot(joint("j", "a", "b", "")), /"j" has lower limit 0 and upper limit 0/],
  ["limits the wrong way round", robot(joint("j", "a", "b", '<limit lower="1" upper="-1" velocity="1"/>')), /lower limit 1 and upper limit -1/],
  ["a limit that is not a number", robot(joint("j", "a", "b", '<limit lower="-1" upper="one" velocity="1"/>')), /"j": limit upper="one" is not a number/],
  ["an empty limit", robot(joint("j", "a", "b", '<limit lower="" upper="1" velocity="1"/>')), /"j": limit lower="" is not a number/],
  ["no velocity limit", robot(joint("j", "a", "b", '<limit lower="-1" upper="1"/>')), /"j" has no positive velocity limit/],
  ["an acceleration of zero", robot(joint("j", "a", "b", '<limit lower="-1" upper="1" velocity="1" acceleration="0"/>')), /"j" has no positive acceleration limit/],
  ["a place that is not three numbers", robot(joint("j", "a", "b", `<origin xyz="1 2"/>${LIMIT}`)), /"j": origin xyz="1 2" is not three numbers/],
  ["a place that is not a number", robot(joint("j", "a", "b", `<origin xyz="0 nan 0"/>${LIMIT}`)), /"j": origin xyz="0 nan 0" is not/],
  ["an unfilled xacro angle", robot(joint("j", "a", "b", `<origin rpy="0 0 \${pi/2}"/>${LIMIT}`)), /"j": origin rpy=".*" is not three numbers/],
  ["an axis without a direction", robot(joint("j", "a", "b", `<axis xyz="0 0 0"/>${LIMIT}`)), /"j": axis xyz="0 0 0" has no direction/],
] as const) {
  test(`refused in one line: ${what}`, async () => {
    const check = (error: unknown): true => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^urdf: [^\n]+$/);
      assert.match(error.message, line);
      return true;
    };
    assert.throws(() => parseUrdf(xml), check);
    await assert.rejects(RobotModel.fromUrdf(xml, { baseLink: "a", toolLink: "c" }), check);
  });
}
