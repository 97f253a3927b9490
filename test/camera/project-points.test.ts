import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { RayCastCamera } from "../../sim/camera.js";
import { opticalPose } from "../../sim/camera-pose.js";
import { turnCamera } from "../../sim/environments/index.js";
import { CUBE_SIZE, CUP_HEIGHT } from "../../sim/scene.js";
import { SimWorld } from "../../sim/world.js";
import {
  composedPoses, formatOpticalPose, invertedPose, parseOpticalPose, quaternionOfRotation, rotationOfQuaternion, type OpticalPose, type Quaternion,
} from "../../src/camera/optical-pose.js";
import { pinholeOfFovY, pinholeOfMatrix, projectPoints } from "../../src/camera/project-points.js";

const world = await SimWorld.create();
const CUBE = world.mj.mj_name2id(world.model, world.mj.mjtObj.mjOBJ_BODY.value, "cube");
const SIDE = 192;

/** Middle of the pixels that show a body. */
function middleOf(camera: RayCastCamera, body: number): [u: number, v: number] {
  let [u, v, seen] = [0, 0, 0];
  camera.segmentation().forEach((there, pixel) => {
    if (there !== body) return;
    u += pixel % camera.width;
    v += Math.floor(pixel / camera.width);
    seen++;
  });
  assert.ok(seen > 30, `the cube is seen in ${seen} pixels only`);
  return [u / seen, v / seen];
}

for (const turn of [0, 0.6, -1.1]) {
  test(`a cube is where the simulator's camera sees it, with the camera turned by ${turn} rad`, () => {
    world.dress(turnCamera(world.environment, turn));
    try {
      const camera = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 1 });
      const placed = { pose: camera.opticalPose(), lens: { width: SIDE, height: SIDE, ...camera.intrinsics() } };
      for (const [x, y] of [[0.5, 0.1], [0.42, -0.15], [0.6, 0.0]] as const) {
        world.reset(0);
        world.placeArm(world.reach([0.36, -0.28, 0.4], 1));
        world.placeObject("cup", [0.68, -0.3, CUP_HEIGHT / 2], 0);
        world.placeObject("cube", [x, y, CUBE_SIZE / 2], 0.3);
        const [u, v] = projectPoints([x, y, CUBE_SIZE / 2], placed);
        const [seenU, seenV] = middleOf(camera, CUBE);
        // The middle of a cube's silhouette is not quite the picture of its middle.
        assert.ok(Math.hypot(u! - seenU, v! - seenV) < 1, `${u},${v} against ${seenU},${seenV}`);
      }
    } finally {
      world.dress(turnCamera(world.environment, -turn));
    }
  });
}

test("points out of the depth picture come back to their pixels", () => {
  world.reset(0);
  const camera = new RayCastCamera(world, { width: 96, height: 64, samples: 1 });
  const lens = { width: 96, height: 64, ...camera.intrinsics() };
  const pose = camera.opticalPose();
  const depth = camera.depth();
  const r = rotationOfQuaternion(pose.quaternion);
  let tried = 0;
  for (let pixel = 0; pixel < depth.length; pixel += 37) {
    const d = depth[pixel]!;
    if (!Number.isFinite(d)) continue;
    const [column, row] = [pixel % 96, Math.floor(pixel / 96)];
    const optical = [((column - lens.cx) / lens.fx) * d, ((row - lens.cy) / lens.fy) * d, d];
    const point = [0, 1, 2].map((axis) => pose.positionM[axis]! + r[3 * axis]! * optical[0]! + r[3 * axis + 1]! * optical[1]! + r[3 * axis + 2]! * optical[2]!);
    const [u, v] = projectPoints(point, { pose, lens });
    assert.ok(Math.hypot(u! - column, v! - row) < 1e-6, `pixel ${column},${row} came back as ${u},${v}`);
    tried++;
  }
  assert.ok(tried > 50);
});

test("the field of view gives the lens that the simulator's camera says", () => {
  const camera = new RayCastCamera(world, { width: 128, height: 96 });
  const { fovY } = world.environment.camera;
  assert.deepEqual(pinholeOfFovY(128, 96, fovY), { width: 128, height: 96, ...camera.intrinsics() });
  assert.deepEqual(opticalPose(world.environment.camera).positionM, world.environment.camera.position);
});

test("behind the camera is nowhere, beside the picture is a number", () => {
  const placed = { pose: parseOpticalPose("0 0 0 0 0 0 1"), lens: pinholeOfFovY(64, 64, 1) };
  assert.deepEqual([...projectPoints([0, 0, -1, 0, 0, 0], placed)], [NaN, NaN, NaN, NaN]);
  assert.deepEqual([...projectPoints([0, 0, 2], placed)], [31.5, 31.5]);
  const [u] = projectPoints([5, 0, 1], placed);
  assert.ok(u! > 64);
});

test("the same picture at another size has the lens that goes with it", () => {
  const lens = pinholeOfFovY(96, 96, 0.66);
  const k = [lens.fx, 0, lens.cx, 0, lens.fy, lens.cy, 0, 0, 1];
  assert.deepEqual(pinholeOfMatrix(k, lens), lens);
  const doubled = pinholeOfMatrix(k, lens, { width: 192, height: 192 });
  const wanted = pinholeOfFovY(192, 192, 0.66);
  for (const key of ["fx", "fy", "cx", "cy"] as const) assert.ok(Math.abs(doubled![key] - wanted[key]) < 1e-9);
  assert.equal(pinholeOfMatrix(new Float64Array(9), lens), undefined, "CameraInfo of a camera that is not calibrated");
  assert.equal(pinholeOfMatrix([1, 0, NaN, 0, 1, 0, 0, 0, 1], lens), undefined);
  assert.equal(pinholeOfMatrix([1], lens), undefined);
});

test("poses are read as quaternion or as roll, pitch and yaw, and refused with what was wrong", () => {
  assert.deepEqual(parseOpticalPose("1, 2, 3, 0, 0, 0, 1"), { positionM: [1, 2, 3], quaternion: [0, 0, 0, 1] });
  // The optical frame of a camera that looks along x: z ahead, x to the right, y down.
  const r = rotationOfQuaternion(parseOpticalPose(`0 0 0 ${-Math.PI / 2} 0 ${-Math.PI / 2}`).quaternion);
  [0, 0, 1, -1, 0, 0, 0, -1, 0].forEach((value, i) => { assert.ok(Math.abs(r[i]! - value) < 1e-12, `${i}: ${r[i]}`); });
  assert.throws(() => parseOpticalPose("1 2 3"), /must be x y z qx qy qz qw .* not "1 2 3"/);
  assert.throws(() => parseOpticalPose("1 2 3 a b c"), RangeError);
  assert.throws(() => parseOpticalPose("1 2 3 0 0 0 2"), /quaternion of length 2/);
});

test("poses go through text, matrices, compositions and inverses", () => {
  const unit = fc.tuple(...[0, 1, 2, 3].map(() => fc.double({ min: -1, max: 1, noNaN: true })))
    .filter((q) => Math.hypot(...q) > 0.1).map((q) => q.map((value) => value / Math.hypot(...q)) as unknown as Quaternion);
  const place = fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -3, max: 3, noNaN: true })));
  const pose = fc.record({ positionM: place, quaternion: unit }) as unknown as fc.Arbitrary<OpticalPose>;
  const near = (a: OpticalPose, b: OpticalPose, within: number): void => {
    const [ra, rb] = [rotationOfQuaternion(a.quaternion), rotationOfQuaternion(b.quaternion)];
    [...ra, ...a.positionM].forEach((value, i) => { assert.ok(Math.abs(value - [...rb, ...b.positionM][i]!) < within, `${value} at ${i}`); });
  };
  fc.assert(fc.property(pose, pose, (a, b) => {
    near({ ...a, quaternion: quaternionOfRotation(rotationOfQuaternion(a.quaternion)) }, a, 1e-9);
    near(parseOpticalPose(formatOpticalPose(a)), a, 1e-4);
    near(composedPoses(composedPoses(a, b), invertedPose(b)), a, 1e-9);
  }));
});
