import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { inferMove, longestMove, type MoveModel, type ScoreActions } from "../../src/calibration/index.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";

const MODEL: MoveModel = { horizon: 6, action: { names: ["dx", "dy", "dz", "gripper"], low: [-0.04, -0.04, -0.04, 0], high: [0.04, 0.04, 0.04, 1] } };

/** The energy of a formula: how far the sum of actions is from a place, with another length along each axis. */
function bowl(place: readonly [number, number], stretch: readonly [number, number] = [1, 1], seen: Float32Array[] = []): ScoreActions {
  return (actions, count) => {
    seen.push(actions.slice());
    const energies = new Float32Array(count * MODEL.horizon);
    for (let i = 0; i < count; i++) {
      let [x, y] = [0, 0];
      for (let step = 0; step < MODEL.horizon; step++) {
        const at = (i * MODEL.horizon + step) * 4;
        x += actions[at]!;
        y += actions[at + 1]!;
        energies[i * MODEL.horizon + step] = Math.sqrt((stretch[0] * (x - place[0])) ** 2 + (stretch[1] * (y - place[1])) ** 2 + 1e-6);
      }
    }
    return Promise.resolve(energies);
  };
}

const REST = Float32Array.of(0, 0, 0, 0.7);

test("the lowest point of a bowl is found to a fraction of a millimetre, wherever it is and however long it is drawn", async () => {
  const along = fc.double({ min: -0.1, max: 0.1, noNaN: true });
  const stretch = fc.double({ min: 0.3, max: 3, noNaN: true });
  await fc.assert(fc.asyncProperty(along, along, stretch, stretch, async (x, y, sx, sy) => {
    const found = await inferMove(MODEL, { score: bowl([x, y], [sx, sy]), rest: REST, distanceM: 0.12 });
    assert.ok(Math.hypot(found.displacement[0] - x, found.displacement[1] - y) < 2e-3, `${found.displacement.join(" ")} for ${x} ${y}`);
    assert.ok(found.energy <= found.restEnergy);
    assert.equal(found.atBorder, false);
  }), { numRuns: 60 });
});

test("what is not asked about stays at rest, and steps after the move are rests", async () => {
  const seen: Float32Array[] = [];
  await inferMove(MODEL, { score: bowl([0.03, 0], [1, 1], seen), rest: REST, distanceM: 0.04, rounds: 1 });
  // 0.04 m at 1.6 times its length is two steps of at most 0.04 m.
  const rows = Array.from({ length: seen.at(-1)!.length / 4 }, (_, i) => seen.at(-1)!.slice(4 * i, 4 * i + 4));
  assert.ok(rows.every((row) => row[2] === 0 && Math.abs(row[3]! - 0.7) < 1e-6));
  assert.ok(rows.every((row, i) => i % 6 < 2 || (row[0] === 0 && row[1] === 0)));
  assert.ok(rows.some((row, i) => i % 6 === 1 && row[0] !== 0));
});

for (const fixture of ["tiny-bundle", "vjepa2-ac-tiny"]) {
  test(`any bundle can be asked: ${fixture} finds in its own roll-out the action that it was made with`, async () => {
    const model = await OnnxWorldModel.load(join("test", "fixtures", fixture), { threads: 1 });
    const { manifest, horizon, actionDim } = model;
    const size = manifest.image.width;
    const latent = await model.encode({ width: size, height: size, data: Uint8Array.from({ length: 3 * size * size }, (_, i) => (i * 37) % 251) });
    const state = new Float32Array(model.stateDim);
    const [x, y] = ["dx", "dy"].map((name) => manifest.action.names.indexOf(name)) as [number, number];
    const [ax, ay] = [0.5 * manifest.action.high[x]!, -0.3 * manifest.action.high[y]!];
    const actions = new Float32Array(horizon * actionDim);
    for (let step = 0; step < horizon; step++) actions.set([ax, ay], step * actionDim + Math.min(x, y));
    const { latents } = await model.rollOut(latent, state, actions, 1);
    const goal = latents.slice();
    const found = await inferMove(manifest, {
      // As long as the whole roll-out, so that all its steps are asked about.
      distanceM: horizon * manifest.action.high[x]!, rest: new Float32Array(actionDim),
      score: async (candidates, count) => (await model.score(latent, state, candidates, count, goal)).stepEnergies,
    });
    const apart = Math.hypot(found.displacement[0] - horizon * ax, found.displacement[1] - horizon * ay);
    assert.ok(apart < 0.05 * horizon * manifest.action.high[x]!, `${found.displacement.join(" ")} for ${horizon * ax} ${horizon * ay}`);
    assert.ok(longestMove(manifest) < horizon * manifest.action.high[x]!);
    await model.close();
  });
}

test("a move beyond what the model can do is said to be one; energies that are not numbers are never the lowest", async () => {
  assert.equal((await inferMove(MODEL, { score: bowl([0.5, 0]), rest: REST, distanceM: 0.05 })).atBorder, true);
  const broken: ScoreActions = async (actions, count) => (await bowl([0.02, 0.01])(actions, count)).map((energy, i) => (i % 5 === 0 ? NaN : energy));
  const found = await inferMove(MODEL, { score: broken, rest: REST, distanceM: 0.05, rounds: 8 });
  assert.ok(Number.isFinite(found.energy) && Math.hypot(found.displacement[0] - 0.02, found.displacement[1] - 0.01) < 0.03);
  await assert.rejects(inferMove(MODEL, { score: (_, count) => Promise.resolve(new Float32Array(count * 6).fill(NaN)), rest: REST, distanceM: 0.05 }), /no energy that is a number/);
  const joints: MoveModel = { horizon: 6, action: { names: ["j1", "j2"], low: [-1, -1], high: [1, 1] } };
  await assert.rejects(inferMove(joints, { score: bowl([0, 0]), rest: REST, distanceM: 0.05 }), /actions j1,j2 have no dx and dy/);
});
