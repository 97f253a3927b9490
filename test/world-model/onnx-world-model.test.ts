import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Icem } from "../../src/planner/index.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { picture, proposingBundle, tinyBundle } from "./fixtures.js";

const model = await OnnxWorldModel.load(tinyBundle);
const proposing = await OnnxWorldModel.load(await proposingBundle());
after(async () => {
  await model.close();
  await proposing.close();
});

const RED: [number, number, number] = [255, 0, 0];
const state = Float32Array.of(0.4, 0.1, 0.2, 0.08, 0, 0, 0);
const rest = Float32Array.of(0, 0, 0, 0.5);

/** The energies and ends of one sequence, as make_bundle.py has them. */
function byFormula(latent: Float32Array, goal: Float32Array, actions: Float32Array): { energies: number[]; latent: number[]; state: number[] } {
  const z = [...latent];
  const s = [...state];
  const energies: number[] = [];
  for (let h = 0; h < 6; h++) {
    const [dx, dy, dz, gripper] = actions.subarray(h * 4, h * 4 + 4) as unknown as [number, number, number, number];
    z[0]! += 5 * dx;
    z[1]! += 5 * dy;
    z[6]! += dz;
    z[7]! += 0.1 * (gripper - 0.5);
    [dx, dy, dz].forEach((move, axis) => {
      s[axis]! += move;
      s[4 + axis] = move / 0.2;
    });
    s[3] = 0.08 * gripper;
    energies.push(z.reduce((sum, value, d) => sum + (value - goal[d]!) ** 2, 0) / 8);
  }
  return { energies, latent: z, state: s };
}

function near(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) <= tolerance, `[${i}] is ${actual[i]}, not ${value}`));
}

function randomActions(count: number): Float32Array {
  let seed = 1;
  const uniform = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  return Float32Array.from({ length: count * 24 }, (_, i) => i % 4 === 3 ? uniform() : 0.08 * uniform() - 0.04);
}

test("the shapes are the manifest's", () => {
  const { latentDim, stateDim, actionDim, horizon, imageWidth, imageHeight } = model;
  assert.deepEqual({ latentDim, stateDim, actionDim, horizon, imageWidth, imageHeight },
    { latentDim: 8, stateDim: 7, actionDim: 4, horizon: 6, imageWidth: 64, imageHeight: 64 });
});

test("the encoder sees where the colours are, rows from the top, red first", async () => {
  const latent = await model.encode(picture(64, 64, 0, [
    { x: 0, y: 48, size: 8, rgb: RED },
    { x: 56, y: 0, size: 8, rgb: [0, 0, 255] },
  ]));
  near(latent, [-0.875, 0.625, 0, 0, 0.875, -0.875, 64 / 4096, (2 * 64) / (4096 * 3)], 1e-5);
});

test("a larger picture is cropped to its centre and fitted first", async () => {
  const small = await model.encode(picture(64, 64, 100, [{ x: 16, y: 32, size: 8, rgb: RED }]));
  const large = await model.encode(picture(256 + 2 * 40, 256, 100, [{ x: 40 + 64, y: 128, size: 32, rgb: RED }, { x: 0, y: 0, size: 30, rgb: [0, 255, 0] }]));
  near(large, [...small], 1e-6);
});

test("a latent that is not a number is refused, naming where", async () => {
  await assert.rejects(model.encode(picture(64, 64, 100, [])), /bundle tiny-bundle: encoder\.onnx gave NaN as latent\[0\] of a 64x64 picture/);
  await assert.rejects(model.encode({ width: 64, height: 64, data: new Uint8Array(3) }), /has 3 bytes/);
});

test("energies and ends of 256 candidates are the formula's, whatever the population before", async () => {
  const latent = await model.encode(picture(64, 64, 50, [{ x: 10, y: 10, size: 9, rgb: RED }]));
  const goal = await model.encode(picture(64, 64, 50, [{ x: 40, y: 22, size: 9, rgb: RED }]));
  for (const count of [256, 3, 300, 1]) {
    const actions = randomActions(count);
    const { stepEnergies, startEnergy } = await model.score(latent, state, actions, count, goal);
    assert.equal(stepEnergies.length, count * 6);
    const { latents, states } = await model.rollOut(latent, state, actions, count);
    assert.equal(latents.length, count * 8);
    for (let c = 0; c < count; c++) {
      const expected = byFormula(latent, goal, actions.subarray(c * 24, (c + 1) * 24));
      near(stepEnergies.subarray(c * 6, c * 6 + 6), expected.energies, 1e-6);
      near(latents.subarray(c * 8, c * 8 + 8), expected.latent, 1e-6);
      near(states.subarray(c * 7, c * 7 + 7), expected.state, 1e-6);
    }
    near([startEnergy], [latent.reduce((sum, value, d) => sum + (value - goal[d]!) ** 2, 0) / 8], 1e-7);
  }
});

test("actions may be a part of a larger buffer", async () => {
  const latent = new Float32Array(8);
  const goal = new Float32Array(8).fill(0.3);
  const all = randomActions(5);
  const part = await model.score(latent, state, all.subarray(48, 96), 2, goal);
  near(part.stepEnergies.subarray(0, 6), byFormula(latent, goal, all.subarray(48, 72)).energies, 1e-6);
});

test("a candidate that is not a number does not spoil its neighbours", async () => {
  const actions = randomActions(3);
  actions[24 + 8] = NaN;
  const { stepEnergies } = await model.score(new Float32Array(8), state, actions, 3, new Float32Array(8));
  const finite = [...stepEnergies].map(Number.isFinite);
  assert.deepEqual(finite, [...Array<boolean>(8).fill(true), ...Array<boolean>(4).fill(false), ...Array<boolean>(6).fill(true)]);
});

test("arrays of the wrong length are refused by name", async () => {
  const latent = new Float32Array(8);
  const actions = randomActions(2);
  await assert.rejects(model.score(new Float32Array(7), state, actions, 2, latent), /latent has 7 values, the model takes 8/);
  await assert.rejects(model.score(latent, new Float32Array(3), actions, 2, latent), /state has 3 values/);
  await assert.rejects(model.score(latent, state, actions, 3, latent), /actions has 48 values, the model takes 72/);
  await assert.rejects(model.score(latent, state, actions, 2, new Float32Array(1)), /goal has 1 values/);
  await assert.rejects(model.rollOut(latent, state, actions, 0), /count is 0/);
});

test("a model proposes when its bundle has a policy", () => {
  assert.equal(model.propose, undefined);
  assert.equal(typeof proposing.propose, "function");
});

test("proposals are the graph's, with the committed actions first, whatever the population before", async () => {
  const latent = Float32Array.of(0.1, -0.2, 0, 0, 0, 0, 0.3, 0.4);
  const goal = Float32Array.of(0.7, 0.4, 0, 0, 0, 0, 0.1, 0.4);
  for (const [count, steps] of [[40, 2], [3, 0], [1, 6], [50, 1]] as const) {
    const committed = Float32Array.from({ length: steps * 4 }, (_, i) => 1 + i / 8);
    const noise = randomActions(count).map((value) => 20 * value);
    const actions = await proposing.propose!(latent, state, goal, committed, noise, count);
    // rest + (goal - latent) @ PULL + state @ LEAN + noise * SPREAD of make_bundle.py
    const policy = [(goal[0]! - latent[0]!) / 30, (goal[1]! - latent[1]!) / 30, -0.05 * state[2]!, 0.5];
    near(actions, Array.from({ length: count * 24 }, (_, i) =>
      i % 24 < committed.length ? committed[i % 24]! : policy[i % 4]! + noise[i]! * (i % 4 === 3 ? 0.25 : 0.01)), 1e-6);
  }
});

test("proposals of arrays of the wrong length are refused by name", async () => {
  const latent = new Float32Array(8);
  const noise = new Float32Array(48);
  const none = new Float32Array(0);
  const propose = proposing.propose!;
  assert.equal((await propose(latent, state, latent, none, noise, 2)).length, 48);
  await assert.rejects(propose(new Float32Array(7), state, latent, none, noise, 2), /RangeError: latent has 7 values, the model takes 8/);
  await assert.rejects(propose(latent, new Float32Array(3), latent, none, noise, 2), /RangeError: state has 3 values/);
  await assert.rejects(propose(latent, state, new Float32Array(1), none, noise, 2), /RangeError: goal has 1 values/);
  await assert.rejects(propose(latent, state, latent, none, noise, 3), /RangeError: noise has 48 values, the model takes 72/);
  await assert.rejects(propose(latent, state, latent, none, none, 0), /RangeError: count is 0/);
  await assert.rejects(propose(latent, state, latent, new Float32Array(5), noise, 2), /RangeError: committed has 5 values: must be whole actions of 4, at most 6/);
  await assert.rejects(propose(latent, state, latent, new Float32Array(28), noise, 2), /RangeError: committed has 28 values/);
});

test("a closed model proposes no more", async () => {
  const closed = await OnnxWorldModel.load(await proposingBundle());
  await closed.close();
  await assert.rejects(closed.propose!(new Float32Array(8), state, new Float32Array(8), new Float32Array(0), new Float32Array(24), 1));
});

test("planning in the model finds the moves that bring the picture to the goal's", async () => {
  const latent = await model.encode(picture(64, 64, 50, [{ x: 12, y: 30, size: 8, rgb: RED }]));
  const goal = await model.encode(picture(64, 64, 50, [{ x: 28, y: 22, size: 8, rgb: RED }]));
  // 16 pixels right and 8 up are 0.5 and -0.25 of the picture's half, 0.1 m and -0.05 m; at most 0.04 m a step.
  const planner = new Icem({ candidates: 256, iterations: 20, objective: { kind: "final" }, heldDims: [3], minStd: 0.005 });
  const bounds = { low: Float32Array.from(model.manifest.action.low), high: Float32Array.from(model.manifest.action.high) };
  const committed = rest;
  const plan = await planner.plan({
    horizon: model.horizon,
    bounds,
    committed,
    score: async (actions, count) => (await model.score(latent, state, actions, count, goal)).stepEnergies,
  }, { deadlineMs: Infinity, now: () => 0 });
  const sum = (axis: number): number => [0, 1, 2, 3, 4, 5].reduce((total, h) => total + plan.actions[h * 4 + axis]!, 0);
  assert.deepEqual([...plan.actions.subarray(0, 4)], [...rest]);
  assert.ok(Math.abs(sum(0) - 0.1) < 0.003, `${sum(0)} m in x`);
  assert.ok(Math.abs(sum(1) + 0.05) < 0.003, `${sum(1)} m in y`);
  assert.ok(plan.energy < 0.0001, `energy ${plan.energy}`);
});

test("features and the next latent are there when the bundle says them, and not otherwise", async () => {
  assert.equal(model.encodeWithFeatures, undefined);
  assert.equal(model.predict, undefined);
  const shipped = await OnnxWorldModel.load("models/arm-objects-jepa");
  const image = picture(96, 96, 120, [{ x: 20, y: 30, size: 12, rgb: RED }]);
  const { latent, features } = await shipped.encodeWithFeatures!(image);
  assert.deepEqual(latent, await shipped.encode(image));
  assert.equal(features.length, 144);
  const actions = randomActions(1).slice(0, 4);
  const next = await shipped.predict!(latent, state, actions);
  assert.equal(next.length, shipped.latentDim);
  // What comes after the first action does not change it, and the energy against it is that of no way.
  const sequence = new Float32Array(shipped.horizon * 4).map((_, i) => (i < 4 ? actions[i]! : 0.02));
  const { stepEnergies } = await shipped.score(latent, state, sequence, 1, next);
  assert.ok(stepEnergies[0]! < stepEnergies[1]!);
  await assert.rejects(shipped.predict!(latent, state, actions.subarray(1)), /action has 3 values/);
  await shipped.close();
});
