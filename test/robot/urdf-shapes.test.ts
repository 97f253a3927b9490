import assert from "node:assert/strict";
import { test } from "node:test";
import { demoUrdf } from "../../sim/world.js";
import { parseUrdf } from "../../src/robot/urdf.js";
import { parseCollisionShapes } from "../../src/robot/urdf-shapes.js";

const withShape = (inside: string): string => `<robot name="x"><link name="a"><collision>${inside}</collision></link></robot>`;

test("the demo arm's shapes: one or two a link, none at the tool's frame", () => {
  const shapes = parseCollisionShapes(demoUrdf());
  assert.equal(shapes.length, 18);
  assert.deepEqual(shapes[0], { link: "fr3_link0", origin: { xyz: "0 0 0.07", rpy: "0 0 0" }, geometry: { kind: "cylinder", radiusM: 0.075, lengthM: 0.14 } });
  assert.ok(!shapes.some(({ link }) => link === "fr3_hand_tcp"));
});

test("every kind of geometry, with and without an origin", () => {
  const geometry = (inside: string): unknown => parseCollisionShapes(withShape(`<geometry>${inside}</geometry>`))[0]?.geometry;
  assert.deepEqual(geometry('<box size="1 2 3"/>'), { kind: "box", sizeM: [1, 2, 3] });
  assert.deepEqual(geometry('<sphere radius="0.5"/>'), { kind: "sphere", radiusM: 0.5 });
  assert.deepEqual(geometry('<capsule radius="0.5" length="2"/>'), { kind: "capsule", radiusM: 0.5, lengthM: 2 });
  assert.deepEqual(geometry('<mesh filename="package://a/b.stl"/>'), { kind: "mesh", uri: "package://a/b.stl", scale: "1 1 1" });
  assert.deepEqual(parseCollisionShapes('<robot name="x"><link name="a"/></robot>'), []);
});

for (const [what, inside, line] of [
  ["no geometry", "", /shape of link "a" has no box, sphere, cylinder, capsule or mesh/],
  ["a cone", "<geometry><cone/></geometry>", /shape of link "a" has no box/],
  ["a flat box", '<geometry><box size="1 0 1"/></geometry>', /shape of link "a": size="1 0 1" is not positive/],
  ["a box of two numbers", '<geometry><box size="1 1"/></geometry>', /shape of link "a": size="1 1" is not three numbers/],
  ["a box without a size", "<geometry><box/></geometry>", /shape of link "a" has no size/],
  ["a radius in words", '<geometry><sphere radius="big"/></geometry>', /shape of link "a": radius="big" is not a number/],
  ["a negative length", '<geometry><cylinder radius="1" length="-1"/></geometry>', /shape of link "a": length="-1" is not positive/],
  ["an origin in words", '<origin xyz="0 0 up"/><geometry><sphere radius="1"/></geometry>', /shape of link "a": origin xyz="0 0 up" is not three numbers/],
  ["a mesh without a file", "<geometry><mesh/></geometry>", /shape of link "a" has no filename/],
] as const) {
  test(`refused with one line: ${what}`, () => {
    assert.throws(() => parseCollisionShapes(withShape(inside)), (error: Error) => line.test(error.message) && !error.message.includes("\n"));
  });
}

test("a mimic joint has its multiplier and offset", () => {
  const joint = (name: string, child: string, mimic: string): string =>
    `<joint name="${name}" type="prismatic"><parent link="a"/><child link="${child}"/><limit lower="0" upper="1" velocity="1"/>${mimic}</joint>`;
  const read = (mimic: string) => parseUrdf(`<robot name="x"><link name="a"/><link name="b"/><link name="c"/>${joint("j", "b", "")}${joint("k", "c", mimic)}</robot>`).joints[1]!;
  assert.deepEqual([read('<mimic joint="j" multiplier="-2" offset="0.5"/>')].map((j) => [j.mimics, j.mimicMultiplier, j.mimicOffset]), [["j", -2, 0.5]]);
  assert.deepEqual([read('<mimic joint="j"/>')].map((j) => [j.mimicMultiplier, j.mimicOffset]), [[1, 0]]);
  assert.throws(() => read('<mimic joint="j" multiplier="twice"/>'), /joint "k": mimic multiplier="twice" is not a number/);
});
