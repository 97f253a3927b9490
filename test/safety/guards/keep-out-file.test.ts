import assert from "node:assert/strict";
import { test } from "node:test";
import { installationRoot } from "../../../src/ros/locate.js";
import { parseKeepOut, readKeepOutFile } from "../../../src/safety/guards/keep-out-file.js";

const BOX = { name: "a", kind: "scene", shape: "box", center_m: [0, 0, 0], size_m: [1, 1, 1] };
const PLANE = { name: "p", kind: "keep_out", shape: "half_space", point_m: [0, 0, 0], normal: [0, 0, 1] };
const file = (...zones: unknown[]): unknown => ({ schema_version: 1, zones });

test("the example that is shipped: a table, a camera stand, its view, and where people are", async () => {
  const entries = await readKeepOutFile(`${installationRoot()}/config/keep-out.example.json`);
  assert.deepEqual(entries.map(({ name, kind, geometry }) => [name, kind, geometry.shape]), [
    ["table", "scene", "box"], ["camera stand", "scene", "box"], ["camera's view", "keep_out", "sphere"], ["people", "keep_out", "half_space"],
  ]);
  assert.deepEqual(entries[0], {
    name: "table", kind: "scene", slowDownDistanceM: 0.01, haltDistanceM: 0.003,
    geometry: { shape: "box", centerM: [0.45, 0, -0.02], sizeM: [0.84, 1.1, 0.04], rotationRpyRad: [0, 0, 0] },
  });
  assert.deepEqual(entries[2]!.links, ["fr3_link3", "fr3_link4", "fr3_link5"]);
});

test("no zones are fine", () => assert.deepEqual(parseKeepOut(JSON.stringify(file()), "f"), []));

for (const [value, line] of [
  [null, 'the file is null: write {"schema_version": 1, "zones": [...]}'],
  [{ zones: [] }, "schema_version is missing: write 1: this version of jepa-mpc reads no other"],
  [{ schema_version: 2, zones: [] }, "schema_version is 2: write 1: this version of jepa-mpc reads no other"],
  [{ schema_version: 1 }, "zones is missing: list the zones; [] is none"],
  [{ ...file() as object, frame: "map" }, 'frame is "map": not a field of this format: remove it'],
  [file({ ...BOX, shape: "cone" }), 'zones[0].shape is "cone": write "box", "sphere" or "half_space"'],
  [file(BOX, { ...BOX, name: "b", size_m: [1, -1, 1] }), "zones[1].size_m[1] is -1: write the full edge length in m, above 0"],
  [file({ ...BOX, size_m: [1, 1] }), "zones[0].size_m is [1,1]: write the full edge lengths as [x, y, z], m"],
  [file({ ...BOX, center_m: [0, "1", 0] }), 'zones[0].center_m[1] is "1": write a number'],
  [file({ ...BOX, radius_m: 1 }), "zones[0].radius_m is 1: not a field of this format: remove it"],
  [file({ ...BOX, kind: "wall" }), 'zones[0].kind is "wall": write "keep_out" (air that the robot may not enter) or "scene" (a solid thing)'],
  [file({ ...BOX, name: undefined }), "zones[0].name is missing: write a name of its own; people read it when the arm holds"],
  [file(BOX, PLANE, BOX), 'zones[2].name is "a": two zones have this name: write another'],
  [file({ ...PLANE, normal: [0, 0, 0] }), "zones[0].normal is [0,0,0]: write a direction: it must not be [0, 0, 0]"],
  [file({ ...BOX, links: [] }), "zones[0].links is []: list at least one link, or leave it out for all links that move"],
  [file({ ...BOX, halt_distance_m: 0.1, slow_down_distance_m: 0.1 }), "zones[0].halt_distance_m is 0.1: write less than slow_down_distance_m, which is 0.1"],
  [file({ ...BOX, halt_distance_m: -1 }), "zones[0].halt_distance_m is -1: write a distance in m, 0 to 10, or leave it out for the default"],
] as const) {
  test(`refused: ${line}`, () => {
    assert.throws(() => parseKeepOut(JSON.stringify(value), "cell.json"), new Error(`keep-out file cell.json: ${line}`));
  });
}

test("what is no JSON, and a file that is not there", async () => {
  assert.throws(() => parseKeepOut("{", "cell.json"), /^Error: keep-out file cell\.json is not JSON \([^\n]+\)$/);
  await assert.rejects(readKeepOutFile("/nowhere/cell.json"), new Error("keep-out file /nowhere/cell.json cannot be read (ENOENT)"));
});
