import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RayCastCamera } from "../../sim/camera.js";
import { drawEnvironment, ENVIRONMENT_FAMILIES, evaluationRoomSeed, PLAIN_ENVIRONMENT, trainingRoomSeed } from "../../sim/environments/index.js";
import { type Colour, paint } from "../../sim/environments/texture.js";
import { FIRST_HELD_OUT_SEED } from "../../sim/seeds.js";
import { SimWorld } from "../../sim/world.js";
import { distance } from "./helpers.js";

const world = await SimWorld.create();
const camera = new RayCastCamera(world, { width: 64, height: 64 });

function picture(...[family, seed]: Parameters<typeof drawEnvironment>): Uint8Array {
  world.dress(drawEnvironment(family, seed));
  world.reset(3);
  return camera.rgb().data;
}

function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe("rooms", () => {
  it("are the same for the same family and seed, and others for others", () => {
    for (const family of ENVIRONMENT_FAMILIES) assert.deepEqual(picture(family, 7), picture(family, 7), family);
    for (const family of ["seen", "unseen"] as const) assert.ok(difference(picture(family, 7), picture(family, 8)) > 8, family);
  });

  it("leave no trace: after any of them the plain room is the plain room, and the physics of it too", () => {
    const before = picture("plain", 0);
    world.step(200);
    const where = world.objectPosition("cube");
    for (const family of ENVIRONMENT_FAMILIES) picture(family, 11);
    assert.deepEqual(picture("plain", 0), before);
    world.step(200);
    assert.deepEqual(world.objectPosition("cube"), where);
  });

  it("move the camera by no more than they say", () => {
    const { position } = drawEnvironment("plain", 0).camera;
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 30 }), (seed) => {
      for (const family of ["seen", "unseen"] as const) {
        assert.ok(distance(Float64Array.from(drawEnvironment(family, seed).camera.position), Float64Array.from(position)) <= 0.1 + 1e-9, family);
      }
    }), { numRuns: 200 });
  });

  it("that are unseen have no pattern, lamp or colour of those that are seen", () => {
    for (let seed = 0; seed < 100; seed++) {
      const [seen, unseen] = [drawEnvironment("seen", seed), drawEnvironment("unseen", seed)];
      assert.ok(!["stripes", "bricks", "rings"].includes(seen.table?.pattern ?? "none"));
      assert.ok(["stripes", "bricks", "rings"].includes(unseen.table!.pattern));
      assert.ok(seen.lamp.position[0] <= 0.85 && seen.lamp.position[1] <= 0.45);
      assert.ok(unseen.lamp.position[0] >= 0.9 && unseen.lamp.position[1] >= 0.5);
      for (const [name, [from, to]] of [["cubeColour", [305, 335]], ["cupColour", [130, 175]]] as const) {
        const hue = hueDeg(unseen[name]!);
        assert.ok(hue >= from - 1e-6 && hue <= to + 1e-6, `${name} of unseen ${seed}: ${hue} degrees`);
        for (const colour of [seen.cubeColour, seen.cupColour]) {
          if (colour !== undefined) assert.ok(hueDeg(colour) < from || hueDeg(colour) > to, `a thing of seen ${seed}: ${hueDeg(colour)} degrees`);
        }
      }
    }
  });

  it("of an evaluation are of no training picture", () => {
    const last = FIRST_HELD_OUT_SEED - 1;
    fc.assert(fc.property(fc.integer({ min: 0, max: last }), fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 10 ** 6 }), (episode, picture, seed) => {
      assert.ok(trainingRoomSeed(episode, picture) < evaluationRoomSeed(seed));
      // Rooms are drawn from 32 bits.
      assert.ok(evaluationRoomSeed(seed) < 2 ** 32);
    }));
  });

  it("objects stand on the table whatever their size", () => {
    for (let seed = 0; seed < 10; seed++) {
      world.dress(drawEnvironment("unseen", seed));
      world.reset(seed);
      for (const name of ["cube", "cup"] as const) {
        assert.ok(Math.abs(world.objectPosition(name)[2]! - world.restingHeight(name)) < 0.002, `${name} of seed ${seed} is at ${world.objectPosition(name)[2]}`);
      }
    }
  });
});

function hueDeg([red, green, blue]: Colour): number {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const sixth = most === red ? (green - blue) / (most - least) : most === green ? 2 + (blue - red) / (most - least) : 4 + (red - green) / (most - least);
  return (60 * sixth + 360) % 360;
}

describe("disturbances", () => {
  it("change the picture as time goes by, where nothing else moves; the plain room does not change", () => {
    for (const family of ["plain", "television", "flicker", "shadows"] as const) {
      const first = picture(family, 5);
      world.step(250);
      const apart = difference(first, camera.rgb().data);
      if (family === "plain") assert.ok(apart < 0.5, `${family}: ${apart}`);
      else assert.ok(apart > 0.5, `${family}: ${apart}`);
    }
  });
});

describe("textures", () => {
  it("paint colours between their two", () => {
    const out = new Float32Array(3);
    const number = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(fc.property(fc.constantFrom("plain", "gradient", "checks", "spots", "clouds", "stripes", "bricks", "rings"), number, number, (pattern, x, y) => {
      paint({ pattern: pattern, one: [0.1, 0.2, 0.3], other: [0.9, 0.8, 0.7], scale: 0.2, turn: 1, seed: 3 }, x, y, out, 0);
      for (const [c, value] of out.entries()) {
        assert.ok(value >= Math.min([0.1, 0.2, 0.3][c]!, [0.9, 0.8, 0.7][c]!) - 1e-6 && value <= Math.max([0.1, 0.2, 0.3][c]!, [0.9, 0.8, 0.7][c]!) + 1e-6);
      }
    }));
  });

  it("the plain room is dressed in nothing", () => {
    assert.equal(PLAIN_ENVIRONMENT.table, undefined);
    assert.deepEqual(PLAIN_ENVIRONMENT.distractors, []);
  });
});
