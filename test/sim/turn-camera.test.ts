import assert from "node:assert/strict";
import { test } from "node:test";
import { RayCastCamera } from "../../sim/camera.js";
import { CAMERA_PIVOT_M, PLAIN_ENVIRONMENT, turnCamera } from "../../sim/environments/index.js";
import { CUBE_SIZE, CUP_HEIGHT } from "../../sim/scene.js";
import { SimWorld } from "../../sim/world.js";

const SIDE = 96;

test("a turned camera sees a turned scene as the camera saw the scene", async () => {
  const world = await SimWorld.create();
  const camera = new RayCastCamera(world, { width: SIDE, height: SIDE });
  const cube = world.mj.mj_name2id(world.model, world.mj.mjtObj.mjOBJ_BODY.value, "cube");
  const [px, py] = CAMERA_PIVOT_M;
  assert.ok(Math.abs(px - 0.5) < 1e-12 && Math.abs(py) < 1e-12);
  const cubePixels = (turn: number): number[] => {
    world.dress(turnCamera(PLAIN_ENVIRONMENT, turn));
    world.reset(0);
    world.placeArm(world.reach([0.36, -0.2, 0.31], 1));
    world.placeObject("cup", [0.2, -0.4, CUP_HEIGHT / 2], 0);
    const [u, v] = [0.06, 0.09];
    world.placeObject("cube", [px + Math.cos(turn) * u - Math.sin(turn) * v, py + Math.sin(turn) * u + Math.cos(turn) * v, CUBE_SIZE / 2], 0.3 + turn);
    return Array.from(camera.segmentation()).flatMap((body, pixel) => (body === cube ? [pixel] : []));
  };
  const straight = cubePixels(0);
  assert.ok(straight.length > 20, `${straight.length} pixels`);
  for (const turn of [-Math.PI / 2, -0.4, 0.2, 1]) {
    const turned = cubePixels(turn);
    const both = straight.filter((pixel) => turned.includes(pixel)).length;
    // Rounding decides at the rim.
    assert.ok(both >= 0.95 * straight.length && turned.length <= straight.length / 0.95, `${turn}: ${both} of ${straight.length}, ${turned.length} seen`);
  }
  world.dispose();
});

test("without a turn the room is the same one", () => {
  assert.equal(turnCamera(PLAIN_ENVIRONMENT, 0), PLAIN_ENVIRONMENT);
});
