import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Icem } from "../../src/planner/index.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { picture } from "./fixtures.js";

/** As training/export_vjepa2_ac.py wrote it, with 16-bit weights; made by test/fixtures/make_vjepa2_ac_bundle.py. */
const model = await OnnxWorldModel.load(join("test", "fixtures", "vjepa2-ac-tiny"));
after(() => model.close());

const state = Float32Array.of(0.4, 0.1, 0.3, 3.1, 0.2, -0.4, 0.3);
/** sin(0.7 k + phase), as the weights, pictures and actions of the golden numbers have it. */
const wave = (count: number, phase: number): number[] => Array.from({ length: count }, (_, k) => Math.sin(0.7 * k + phase));

function goldenPictures(): { width: number; height: number; data: Uint8Array }[] {
  const all = Uint8Array.from(wave(2 * 16 * 16 * 3, 0.2), (value) => Math.round(127.5 + 127 * value));
  return [0, 1].map((i) => ({ width: 16, height: 16, data: all.slice(i * 768, (i + 1) * 768) }));
}

function near(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) <= tolerance, `[${i}] is ${actual[i]}, not ${value}`));
}

test("an exported V-JEPA 2-AC gives the energies and poses that its authors' code gives", async () => {
  const [start, goal] = goldenPictures();
  const latent = await model.encode(start!);
  const wanted = await model.encode(goal!);
  near([latent[0]!, latent[1]!, latent.at(-2)!, latent.at(-1)!], [-1.85832, 1.21817, -0.72616, 1.69392], 3e-3);
  const actions = Float32Array.from(wave(3 * 3 * 7, 0.5), (value) => 0.4 * value);
  const { stepEnergies } = await model.score(latent, state, actions, 3, wanted);
  near(stepEnergies, [1.66515, 1.64992, 1.65441, 1.6682, 1.65015, 1.65432, 1.6664, 1.65226, 1.65409], 1e-3);
  const { states } = await model.rollOut(latent, state, actions, 3);
  near(states.subarray(0, 7), [-0.02441, -5e-5, 0.57137, -3.13767, 0.87434, -0.28084, 0.37396], 1e-5);
});

test("its manifest says units, Euler order and which way the gripper goes", () => {
  const { state: proprioception, action } = model.manifest;
  assert.deepEqual([proprioception.euler, proprioception.gripper, action.euler, action.gripper], ["extrinsic_xyz", "closedness", "extrinsic_xyz", "closedness_change"]);
  assert.deepEqual(action.names, ["dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper"]);
});

const spoilt: [string, number, number, RegExp][] = [
  ["degrees", 3, 178, /state ee_roll is 178 and must be from -3\.1416 to 3\.1416 rad; it looks like degrees: give radians$/],
  ["degrees the other way", 5, -90, /state ee_yaw is -90 .*degrees/],
  ["millimetres", 0, 400, /state ee_x is 400 and must be from -2 to 2 m; give metres in the robot's base frame$/],
  ["a gripper in percent", 6, 50, /state gripper_closedness is 50 and must be from -0\.05 to 1\.05 1$/],
  ["what is no number", 4, NaN, /state ee_pitch is NaN/],
];
for (const [name, entry, value, message] of spoilt) {
  test(`a state is refused: ${name}`, async () => {
    const latent = new Float32Array(model.latentDim);
    const bad = Float32Array.from(state);
    bad[entry] = value;
    for (const call of [model.score(latent, bad, new Float32Array(21), 1, latent), model.rollOut(latent, bad, new Float32Array(21), 1)]) {
      await assert.rejects(call, (error: unknown) => error instanceof RangeError && /^bundle vjepa2-ac-tiny: /.test(error.message) && message.test(error.message));
    }
  });
}

test("a hand that points straight down, at pi as a 32-bit float, is no reason to refuse", async () => {
  const latent = new Float32Array(model.latentDim);
  const down = Float32Array.of(0.4, 0, 0.3, Math.PI, 0, -Math.PI, 1);
  assert.ok(Number.isFinite((await model.score(latent, down, new Float32Array(21), 1, latent)).stepEnergies[0]));
});

test("it can be planned with, and what its box leaves alone stays at 0", async () => {
  const { action, planning } = model.manifest;
  const latent = await model.encode(picture(40, 30, 90, [{ x: 4, y: 4, size: 10, rgb: [200, 20, 20] }]));
  const goal = await model.encode(picture(40, 30, 90, [{ x: 20, y: 14, size: 10, rgb: [200, 20, 20] }]));
  const planner = new Icem({ candidates: planning!.candidates, iterations: 2, elites: planning!.elites, seed: 1 });
  const plan = await planner.plan({
    horizon: model.horizon,
    bounds: { low: Float32Array.from(action.low), high: Float32Array.from(action.high) },
    score: async (actions, count) => (await model.score(latent, state, actions, count, goal)).stepEnergies,
  }, { deadlineMs: Infinity, now: () => 0 });
  assert.ok(Number.isFinite(plan.energy));
  for (let h = 0; h < model.horizon; h++) {
    for (let a = 0; a < 7; a++) {
      const value = plan.actions[h * 7 + a]!;
      assert.ok(value >= action.low[a]! - 1e-6 && value <= action.high[a]! + 1e-6);
      if (a >= 3 && a < 6) assert.equal(Math.abs(value), 0);
    }
  }
});
