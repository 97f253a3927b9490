import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { demoUrdf } from "../../sim/world.js";
import { CollisionModel, type CollisionModelOptions } from "../../src/robot/collision-model.js";
import { FR3_JOINTS, FR3_READY, fr3Model } from "../../src/robot/fr3.js";
import { mujoco } from "../../src/robot/mujoco.js";
import type { StaticObstacle } from "../../src/robot/types.js";
import { uniform } from "../uniform.js";

const URDF = demoUrdf();
const arm = await fr3Model(URDF);
const mj = await mujoco();

const anywhere = fc.array(uniform(0, 1), { minLength: 8, maxLength: 8 })
  .map((shares) => arm.limits.map(({ lower, upper }, j) => lower + shares[j]! * (upper - lower)));

function fr3(options: Partial<CollisionModelOptions> = {}): Promise<CollisionModel> {
  return CollisionModel.fromUrdf(URDF, { baseLink: "fr3_link0", jointNames: FR3_JOINTS, ...options });
}

function floor(heightM: number, links?: readonly string[]): StaticObstacle {
  return { name: "floor", kind: "scene", geometry: { shape: "half_space", pointM: [0, 0, heightM], normal: [0, 0, 2] }, ...(links === undefined ? {} : { links }) };
}

/** Least distance of each pair of names, within `reachM`. */
function nearest(model: CollisionModel, q: ArrayLike<number>, reachM: number): Map<string, number> {
  const field = model.field(["self", "scene", "keep_out"]);
  const distances = new Float64Array(field.pairs.length);
  field.measure(q, new Float64Array(field.pairs.length).fill(reachM), distances, new Float64Array(3 * field.pairs.length));
  const least = new Map<string, number>();
  for (const [i, { first, second }] of field.pairs.entries()) {
    const key = `${first} ${second}`;
    least.set(key, Math.min(least.get(key) ?? Infinity, distances[i]!));
  }
  return least;
}

test("distances to planes, boxes and spheres are what a tape measure says", async () => {
  // The ready pose's tool is at (0.3069, 0, 0.4869), pointing down; the fingers end 8 mm further on (their boxes: 0.0584 + 0.036 + 0.017 =
  // 0.1114 from the hand, the tool 0.1034) and reach 9 mm to both sides in x; their inner faces are at y = 0.04 when open.
  const tip = 0.4869 - 0.008;
  const model = await fr3({ obstacles: [
    floor(0.45, ["fr3_finger1", "fr3_finger2", "fr3_hand"]),
    { name: "table", kind: "scene", geometry: { shape: "box", centerM: [0.3, 0, 0.4], sizeM: [0.4, 0.4, 0.1], rotationRpyRad: [0, 0, 0.5] } },
    { name: "ball", kind: "keep_out", geometry: { shape: "sphere", centerM: [0.3069, 0, 0.4], radiusM: 0.05 } },
    { name: "diamond", kind: "keep_out", geometry: { shape: "box", centerM: [0.3069, 0.046, 0.3], sizeM: [0.2, 0.2, 0.2], rotationRpyRad: [Math.PI / 4, 0, 0] } },
    { name: "inside", kind: "keep_out", geometry: { shape: "sphere", centerM: [0.3069, 0.046, tip + 0.017], radiusM: 0.001 } },
  ] });
  const at = nearest(model, FR3_READY, 0.5);
  const is = (pair: string, wanted: number): void => assert.ok(Math.abs(at.get(pair)! - wanted) < 2e-4, `${pair}: ${at.get(pair)}, not ${wanted}`);
  is("fr3_finger1 floor", tip - 0.45);
  is("fr3_finger2 floor", tip - 0.45);
  is("fr3_hand floor", 0.4869 + 0.1034 - 0.06 - 0.45);
  is("fr3_finger1 table", tip - 0.45);
  is("fr3_finger2 ball", Math.hypot(0.04, tip - 0.4) - 0.05);
  // Fingers open along y: the edge on top of the turned cube is below the middle of one finger.
  const [beside, other] = [at.get("fr3_finger1 diamond")!, at.get("fr3_finger2 diamond")!].sort((a, b) => a - b) as [number, number];
  assert.ok(Math.abs(beside - (tip - 0.3 - 0.1 * Math.SQRT2)) < 2e-4, `${beside}`);
  assert.ok(other > beside + 0.02);
  // A 1 mm ball in the middle of a finger's box (18 x 12 x 34 mm) has 6 mm to the nearest face.
  assert.ok(Math.abs(Math.min(at.get("fr3_finger1 inside")!, at.get("fr3_finger2 inside")!) + 0.007) < 2e-4);
  assert.ok(!at.has("fr3_link0 table"), "what does not move is not checked against what does not move");
  assert.ok(!at.has("fr3_link5 floor"), "the floor is for the hand alone");
  model.dispose();
});

test("the second finger follows the first, and what is not controlled stays at zero", async () => {
  // Side walls 10 cm from the tool's axis: fingers are 12 mm thick.
  const wall = (name: string, side: number): StaticObstacle =>
    ({ name, kind: "scene", geometry: { shape: "half_space", pointM: [0, 0.1 * side, 0], normal: [0, -side, 0] }, links: ["fr3_finger1", "fr3_finger2"] });
  const obstacles = [wall("left", 1), wall("right", -1)];
  const all = await fr3({ obstacles });
  const armOnly = await fr3({ obstacles, jointNames: FR3_JOINTS.slice(0, 7) });
  const gaps = (model: CollisionModel, q: readonly number[]): [number, number] => {
    const at = nearest(model, q, 1);
    const to = (side: string): number => Math.min(at.get(`fr3_finger1 ${side}`)!, at.get(`fr3_finger2 ${side}`)!);
    return [to("left"), to("right")];
  };
  // The thicker foot of a finger is 19 mm from its joint's zero.
  for (const opening of [0, 0.015, 0.04]) {
    for (const gap of gaps(all, [...FR3_READY.slice(0, 7), opening])) assert.ok(Math.abs(gap - (0.1 - 0.019 - opening)) < 2e-4, `${opening}: ${gap}`);
  }
  for (const gap of gaps(armOnly, FR3_READY.slice(0, 7))) assert.ok(Math.abs(gap - (0.1 - 0.019)) < 2e-4);
  all.dispose();
  armOnly.dispose();
});

test("distances agree with MuJoCo's own reading of the URDF and all pairs measured, none skipped", async () => {
  const reach = 0.08;
  const model = await fr3();
  const bare = mj.MjModel.from_xml_string(URDF.replaceAll(/<visual>.*?<\/visual>/gs, ""));
  const data = new mj.MjData(bare);
  const named = (kind: number, id: number): string => mj.mj_id2name(bare, kind, id);
  const bodies = bare.geom_bodyid as Int32Array;
  const body = (geom: number): string => named(mj.mjtObj.mjOBJ_BODY.value, bodies[geom]!);
  const links = Array.from({ length: bare.ngeom }, (_, geom) => body(geom) === "world" ? "fr3_link0" : body(geom));
  const addresses = bare.jnt_qposadr as Int32Array;
  const address = (joint: string): number => addresses[mj.mj_name2id(bare, mj.mjtObj.mjOBJ_JOINT.value, joint)]!;
  let near = 0;
  fc.assert(fc.property(anywhere, (q) => {
    const qpos = data.qpos as Float64Array;
    FR3_JOINTS.forEach((joint, j) => qpos[address(joint)] = q[j]!);
    qpos[address("fr3_finger_joint2")] = q[7]!;
    mj.mj_kinematics(bare, data);
    const found = nearest(model, q, reach);
    const wanted = new Map<string, number>();
    for (let a = 0; a < bare.ngeom; a++) {
      for (let b = a + 1; b < bare.ngeom; b++) {
        const pair = `${links[a]} ${links[b]}`;
        // Not where they overlap: there MuJoCo's WebAssembly build now and then reads outside its memory.
        if (!((found.get(pair) ?? 0) > 1e-4)) continue;
        wanted.set(pair, Math.min(wanted.get(pair) ?? Infinity, mj.mj_geomDistance(bare, data, a, b, reach, null)));
      }
    }
    for (const [pair, reference] of wanted) {
      const distance = Math.min(reach, found.get(pair)!);
      assert.ok(Math.abs(distance - reference) < 1e-5, `${pair}: ${distance}, not ${reference}, at ${q.join(" ")}`);
      if (distance < reach) near++;
    }
  }), { numRuns: 300 });
  assert.ok(near > 100, `only ${near} distances within reach: too few to mean anything`);
  data.delete();
  bare.delete();
  model.dispose();
});

test("which links may touch: neighbours, one body, the gripper; what is always near; the same at every start", async () => {
  const [one, two] = [await fr3(), await fr3()];
  assert.deepEqual(one.excluded, two.excluded);
  const why = new Map(one.excluded.map(({ first, second, why }) => [`${first.slice(4)} ${second.slice(4)}`, why]));
  assert.deepEqual(Object.fromEntries(why), {
    "link0 link1": "neighbours", "link1 link2": "neighbours", "link2 link3": "neighbours", "link3 link4": "neighbours", "link4 link5": "neighbours",
    "link5 link6": "neighbours", "link6 link7": "neighbours", "link6 hand": "neighbours", "link7 hand": "same_body",
    "link7 finger1": "neighbours", "link7 finger2": "neighbours", "hand finger1": "neighbours", "hand finger2": "neighbours",
    "finger1 finger2": "gripper", "link5 link7": "always_close",
  });
  // The arm folded onto itself is seen.
  const folded = nearest(one, [0, 1.7, 0, -3.0, 0, 0.6, 0.78, 0.02], 0.05);
  assert.ok(Math.min(...folded.values()) < 0.05);
  one.dispose();
  two.dispose();
});

/** Three links on a line; the shapes of the outer ones are balls of a radius about their joints, 0.2 m apart. */
function chain(radius: number): string {
  const ball = (name: string): string => `<link name="${name}"><collision><geometry><sphere radius="${radius}"/></geometry></collision></link>`;
  const joint = (name: string, parent: string, child: string, x: number): string =>
    `<joint name="${name}" type="continuous"><origin xyz="${x} 0 0"/><parent link="${parent}"/><child link="${child}"/><axis xyz="0 0 1"/><limit velocity="1"/></joint>`;
  return `<robot name="chain">${ball("a &amp; b")}<link name="middle"/>${ball("c")}${joint("j", "a &amp; b", "middle", 0)}${joint("k", "middle", "c", 0.2)}</robot>`;
}

test("links that no configuration keeps apart are left out, others are not", async () => {
  const why = async (radius: number, alwaysCloseM = 0.02): Promise<(string | undefined)[]> => {
    const model = await CollisionModel.fromUrdf(chain(radius), { baseLink: "a & b", alwaysCloseM });
    const found = model.excluded.map((pair) => pair.why);
    model.dispose();
    return found;
  };
  assert.deepEqual(await why(0.11), ["always_in_contact"]);
  assert.deepEqual(await why(0.095), ["always_close"]);
  assert.deepEqual(await why(0.095, 0.005), []);
  assert.deepEqual(await why(0.05), []);
});

/** A cube of edge 0.1 as binary STL. */
function cubeStl(): Uint8Array {
  const corner = (i: number): number[] => [i & 1, (i >> 1) & 1, (i >> 2) & 1].map((bit) => 0.1 * (bit - 0.5));
  const triangles = [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4], [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]];
  const bytes = new DataView(new ArrayBuffer(84 + 50 * triangles.length));
  bytes.setUint32(80, triangles.length, true);
  triangles.forEach((triangle, t) => triangle.flatMap(corner).forEach((value, i) => bytes.setFloat32(84 + 50 * t + 12 + 4 * i, value, true)));
  return new Uint8Array(bytes.buffer);
}

const meshRobot = (uri: string): string => '<robot name="meshy"><link name="base"/><link name="arm"><collision><origin xyz="0 0 0.5" rpy="0.7853981634 0 0"/>' +
  `<geometry><mesh filename="${uri}" scale="1 1 2"/></geometry></collision><collision><origin xyz="0 0 2"/><geometry><sphere radius="0.1"/></geometry></collision></link>` +
  '<joint name="j" type="prismatic"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/><limit lower="-1" upper="1" velocity="1"/></joint></robot>';

test("meshes are read from packages, files and paths, with their scale", async (t) => {
  const prefix = mkdtempSync(join(tmpdir(), "meshes-"));
  t.after(() => rmSync(prefix, { recursive: true }));
  mkdirSync(join(prefix, "share/arm/meshes"), { recursive: true });
  const path = join(prefix, "share/arm/meshes/cube.STL");
  writeFileSync(path, cubeStl());
  const before = process.env.AMENT_PREFIX_PATH;
  process.env.AMENT_PREFIX_PATH = `/nowhere:${prefix}`;
  t.after(() => { if (before === undefined) delete process.env.AMENT_PREFIX_PATH; else process.env.AMENT_PREFIX_PATH = before; });
  for (const uri of ["package://arm/meshes/cube.STL", `file://${path}`, path]) {
    const model = await CollisionModel.fromUrdf(meshRobot(uri), { baseLink: "base", obstacles: [floor(0)] });
    // Half edges 0.05 and 0.1, turned by 45 degrees about x, 0.5 + 0.1 up.
    const distance = nearest(model, [0.1], 1).get("arm floor")!;
    assert.ok(Math.abs(distance - (0.6 - 0.15 * Math.SQRT1_2)) < 1e-6, `${uri}: ${distance}`);
    model.dispose();
  }
});

test("a mesh that cannot be read is refused with one line, or left out when that is wanted", async () => {
  const options = { baseLink: "base", obstacles: [floor(0)] };
  for (const [uri, line] of [
    ["package://nowhere/cube.stl", /^robot: the collision mesh "package:\/\/nowhere\/cube\.stl" of link "arm" cannot be read \(.+\); install it.*ignored$/],
    ["meshes/cube.stl", /neither package:\/\/, file:\/\/ nor an absolute path/],
    ["/nowhere/cube.stl", /not found at \/nowhere\/cube\.stl/],
  ] as const) {
    await assert.rejects(CollisionModel.fromUrdf(meshRobot(uri), options), (error: Error) => line.test(error.message) && !error.message.includes("\n"));
    const model = await CollisionModel.fromUrdf(meshRobot(uri), { ...options, unreadableMeshes: "ignore" });
    assert.deepEqual(model.ignoredMeshes, [uri]);
    assert.ok(Math.abs(nearest(model, [0], 3).get("arm floor")! - 1.9) < 1e-9, "the sphere is still there");
    model.dispose();
  }
  await assert.rejects(CollisionModel.fromUrdf(meshRobot("/x/cube.dae"), { ...options, readMesh: () => new Uint8Array(8) }), /"\/x\/cube\.dae" of link "arm" is not \.stl, \.obj or \.msh/);
  await assert.rejects(CollisionModel.fromUrdf(meshRobot("/x/cube.stl"), { ...options, readMesh: () => new Uint8Array(8) }), /^Error: robot: MuJoCo cannot use the collision shapes: [^\n]+$/);
});

test("what cannot be used is refused with one line", async () => {
  const bare = URDF.replaceAll(/<collision>.*?<\/collision>/gs, "");
  await assert.rejects(CollisionModel.fromUrdf(bare, { baseLink: "fr3_link0" }), /"fr3" has no collision shape on a link that moves/);
  await assert.rejects(fr3({ baseLink: "nowhere" }), /"fr3" has no link "nowhere"/);
  await assert.rejects(fr3({ jointNames: ["fr3_hand_joint"] }), /no moving joint "fr3_hand_joint" after the link "fr3_link0"/);
  await assert.rejects(fr3({ obstacles: [floor(0, ["tail"])] }), /the scene entry "floor" names the link "tail", which the robot does not have/);
  await assert.rejects(fr3({ obstacles: [floor(0, ["fr3_link0"])] }), /names the link "fr3_link0", which does not move/);
  await assert.rejects(fr3({ obstacles: [floor(0, ["fr3_hand_tcp"])] }), /names the link "fr3_hand_tcp", which has no collision shape/);
  const model = await fr3();
  for (const bad of [NaN, Infinity]) assert.throws(() => nearest(model, [0, 0, bad, 0, 0, 0, 0, 0], 0.1), new RangeError(`The position of fr3_joint3 is ${bad}.`));
  assert.throws(() => nearest(model, [0, 0], 0.1), new RangeError("The position of fr3_joint3 is undefined."));
  model.dispose();
});
