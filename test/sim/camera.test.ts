import assert from "node:assert/strict";
import { test } from "node:test";
import { type CameraPose, DEFAULT_CAMERA, RayCastCamera } from "../../sim/camera.js";
import { CUBE_SIZE, CUP_HEIGHT } from "../../sim/scene.js";
import { SimWorld } from "../../sim/world.js";
import type { RgbImage } from "../../src/camera/types.js";
import { assertOneLineError } from "./helpers.js";

type Vector = readonly [number, number, number];

const world = await SimWorld.create();
const CUBE = world.mj.mj_name2id(world.model, world.mj.mjtObj.mjOBJ_BODY.value, "cube");
const STATIC = 0;
const SIDE = 96;

/** Cube and cup where they are told, the arm out of the way or where it is told. */
function arrange(cube: readonly [number, number] = [0.5, 0.1], tool: Vector = [0.36, -0.2, 0.31], yaw = 0.3): void {
  world.reset(0);
  world.placeArm(world.reach(tool, 1));
  world.placeObject("cup", [0.62, -0.2, CUP_HEIGHT / 2], 0);
  world.placeObject("cube", [...cube, CUBE_SIZE / 2], yaw);
}

/** Camera axes in the world from first principles: z along the view, x to the right, y down the picture. */
function axes(pose: CameraPose): readonly [Vector, Vector, Vector] {
  const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const unit = (a: Vector): Vector => [a[0] / Math.hypot(...a), a[1] / Math.hypot(...a), a[2] / Math.hypot(...a)];
  const forward = unit(minus(pose.lookAt, pose.position));
  const right = unit(cross(forward, [0, 0, 1]));
  return [right, cross(forward, right), forward];
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;

/** Where a point of the world is in the picture: u to the right, v down, in pixels (whole numbers are pixel centres), and its depth. */
function project(camera: RayCastCamera, pose: CameraPose, point: ArrayLike<number>): { u: number; v: number; depth: number } {
  const { fx, fy, cx, cy } = camera.intrinsics();
  const from = [0, 1, 2].map((axis) => point[axis]! - pose.position[axis]!);
  const [x, y, depth] = axes(pose).map((axis) => dot(axis, from)) as [number, number, number];
  return { u: cx + (fx * x) / depth, v: cy + (fy * y) / depth, depth };
}

function pixel(image: RgbImage, column: number, row: number): readonly [number, number, number] {
  const at = 3 * (row * image.width + column);
  return [image.data[at]!, image.data[at + 1]!, image.data[at + 2]!];
}

const brightness = (image: RgbImage, index: number): number => image.data[3 * index]! + image.data[3 * index + 1]! + image.data[3 * index + 2]!;

test("pictures have 64 to 256 pixels a side; other sizes are refused by name and value", () => {
  for (const size of [63, 257, 0, -64, 64.5, NaN, Infinity]) {
    assertOneLineError(() => new RayCastCamera(world, { width: size, height: 64 }), new RegExp(`^camera: width is ${size} pixels`));
    assertOneLineError(() => new RayCastCamera(world, { width: 64, height: size }), new RegExp(`^camera: height is ${size} pixels`));
  }
  arrange();
  const wide = new RayCastCamera(world, { width: 256, height: 64, samples: 1 }).rgb();
  assert.deepEqual([wide.width, wide.height, wide.data.length], [256, 64, 256 * 64 * 3]);
  assert.equal(new RayCastCamera(world, { width: 64, height: 64 }).depth().length, 64 * 64);
});

test("depth on the table is what geometry says, at its centre and everywhere", () => {
  arrange();
  const camera = new RayCastCamera(world, { width: SIDE, height: SIDE });
  const [depth, bodies] = [camera.depth(), camera.segmentation()];
  const { fx, fy, cx, cy } = camera.intrinsics();
  const [right, down, forward] = axes(DEFAULT_CAMERA);
  const { position } = DEFAULT_CAMERA;
  let seen = 0;
  for (let i = 0; i < depth.length; i++) {
    if (bodies[i] !== STATIC) continue;
    const [x, y] = [((i % SIDE) - cx) / fx, (Math.floor(i / SIDE) - cy) / fy];
    const ray = [0, 1, 2].map((axis) => forward[axis]! + x * right[axis]! + y * down[axis]!);
    const wanted = -position[2] / ray[2]!;
    const [px, py] = [position[0] + wanted * ray[0]!, position[1] + wanted * ray[1]!];
    // Well inside the table's top, which is 0.84 m by 1.10 m round (0.45, 0).
    if (wanted < 0 || Math.abs(px - 0.45) > 0.4 || Math.abs(py) > 0.53) continue;
    seen++;
    assert.ok(Math.abs(depth[i]! - wanted) < 1e-4, `pixel ${i}: ${depth[i]!} m, geometry ${wanted} m`);
  }
  assert.ok(seen > 0.2 * depth.length, `${seen} pixels of table`);
  const centre = project(camera, DEFAULT_CAMERA, [0.45, 0, 0]);
  const at = Math.floor(centre.v) * SIDE + Math.floor(centre.u);
  assert.equal(bodies[at], STATIC);
  assert.ok(Math.abs(depth[at]! - centre.depth) < 0.02, `${depth[at]!} m, ${centre.depth} m`);
  assert.ok(bodies.some((body) => body < 0) === depth.some((d) => d === Infinity), "the sky is infinitely far");
});

for (const [what, pose, width, height] of [
  ["the usual camera", DEFAULT_CAMERA, SIDE, SIDE],
  ["a wide picture", DEFAULT_CAMERA, 160, 80],
  ["another camera", { position: [0.9, -0.8, 0.9], lookAt: [0.5, 0.05, 0], fovY: 0.6 }, SIDE, SIDE],
] as const) {
  test(`the intrinsics put the cube on the cube's pixels: ${what}`, () => {
    const camera = new RayCastCamera(world, { width, height, pose });
    for (const [x, y] of [[0.4, 0.15], [0.5, 0.1], [0.6, 0.05], [0.45, 0.0]] as const) {
      arrange([x, y]);
      const bodies = camera.segmentation();
      const { u, v, depth } = project(camera, pose, world.objectPosition("cube"));
      const told = `cube at ${x} ${y}: pixel ${u.toFixed(1)} ${v.toFixed(1)}`;
      const index = Math.round(v) * width + Math.round(u);
      assert.equal(bodies[index], CUBE, told);
      // Its surface is nearer than its centre by half a side to half a diagonal.
      const nearer = depth - camera.depth()[index]!;
      assert.ok(nearer > 0.015 && nearer < 0.045, `${told}: ${nearer} m nearer`);
      const [red, green, blue] = pixel(camera.rgb(), Math.round(u), Math.round(v));
      assert.ok(red > 1.5 * green && red > 1.5 * blue, `${told}: colour ${red} ${green} ${blue}`);
      // The middle of its pixels is where its centre is, and its size what the focal length says.
      const own = [...bodies.keys()].filter((i) => bodies[i] === CUBE);
      const mean = (of: (i: number) => number): number => own.reduce((sum, i) => sum + of(i), 0) / own.length;
      assert.ok(Math.abs(mean((i) => i % width) - u) < 1 && Math.abs(mean((i) => Math.floor(i / width)) - v) < 1, told);
      const side = (camera.intrinsics().fx * CUBE_SIZE) / depth;
      assert.ok(own.length > 0.9 * side * side && own.length < 2.2 * side * side, `${told}: ${own.length} pixels, side ${side}`);
    }
  });
}

test("the arm casts a shadow on the table", () => {
  const pictures = (shadows: boolean): readonly [RgbImage, RgbImage, number[]] => {
    const camera = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 1, shadows });
    arrange([0.6, 0.2]);
    const [away, awayBodies] = [camera.rgb(), camera.segmentation()];
    arrange([0.6, 0.2], [0.5, 0, 0.2]);
    const [above, aboveBodies] = [camera.rgb(), camera.segmentation()];
    const table = [...awayBodies.keys()].filter((i) => awayBodies[i] === STATIC && aboveBodies[i] === STATIC);
    return [away, above, table];
  };
  const darker = ([away, above, table]: readonly [RgbImage, RgbImage, number[]]): number =>
    table.filter((i) => brightness(above, i) < 0.75 * brightness(away, i)).length;
  assert.ok(darker(pictures(true)) > 20, "pixels that show table in both pictures get darker");
  assert.equal(darker(pictures(false)), 0, "without shadows none does");
});

test("a shadow tells the tool's height: it moves when only the height does", () => {
  const camera = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 1 });
  const lit = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 1, shadows: false });
  const shadow = (height: number): Set<number> => {
    arrange([0.6, 0.2], [0.5, 0, height]);
    const [dark, light, bodies] = [camera.rgb(), lit.rgb(), camera.segmentation()];
    return new Set([...bodies.keys()].filter((i) => bodies[i] === STATIC && brightness(dark, i) < brightness(light, i) - 30));
  };
  const [low, high] = [shadow(0.08), shadow(0.3)];
  const moved = [...low].filter((i) => !high.has(i)).length + [...high].filter((i) => !low.has(i)).length;
  assert.ok(moved > 60, `${low.size} and ${high.size} pixels of shadow, ${moved} of them moved`);
});

test("anti-aliasing changes edges only, and those", () => {
  arrange();
  const plain = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 1 }).rgb();
  const fine = new RayCastCamera(world, { width: SIDE, height: SIDE, samples: 3 }).rgb();
  const bodies = new RayCastCamera(world, { width: SIDE, height: SIDE }).segmentation();
  let [changed, unseen] = [0, 0];
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [was, is] = [pixel(plain, column, row), pixel(fine, column, row)];
      const difference = Math.max(...[0, 1, 2].map((c) => Math.abs(was[c]! - is[c]!)));
      if (difference <= 2) continue;
      changed++;
      let [contrast, border] = [0, false];
      for (let y = Math.max(0, row - 1); y <= Math.min(SIDE - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(SIDE - 1, column + 1); x++) {
          border ||= bodies[y * SIDE + x] !== bodies[row * SIDE + column];
          for (const c of [0, 1, 2]) contrast = Math.max(contrast, Math.abs(pixel(plain, x, y)[c]! - was[c]!));
        }
      }
      // Slivers thinner than a pixel, as between the arm's parts, are found by their borders.
      if (contrast < 0.8 * difference) unseen++;
      assert.ok(contrast >= 0.8 * difference || border || bodies[row * SIDE + column] !== STATIC, `pixel ${column} ${row} changed by ${difference} in the middle of nothing`);
    }
  }
  assert.ok(unseen < 0.1 * changed, `${unseen} of ${changed} changes where the plain picture has no contrast`);
  assert.ok(changed > 0.02 * SIDE * SIDE && changed < 0.3 * SIDE * SIDE, `${changed} pixels changed`);
});

test("looking changes nothing: the world, and what other pictures show", () => {
  arrange();
  const camera = new RayCastCamera(world, { width: 64, height: 64 });
  const before = world.saveState();
  const first = camera.rgb();
  const [depth, bodies] = [camera.depth(), camera.segmentation()];
  assert.deepEqual(camera.rgb().data, first.data);
  assert.deepEqual(camera.depth(), depth);
  assert.deepEqual(camera.segmentation(), bodies);
  assert.deepEqual(world.saveState(), before);
  assert.deepEqual(new RayCastCamera(world, { width: 64, height: 64 }).rgb().data, first.data);
});
