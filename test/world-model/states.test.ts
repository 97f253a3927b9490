import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";

import { checkRollout } from "../../src/world-model/graph-contract.js";
import { type Backend, OnnxRuntimeBackend, OnnxWorldModel, parseManifest } from "../../src/world-model/index.js";
import { oldBundle, tinyBundle, tinyManifest } from "./fixtures.js";

const state = Float32Array.of(0.4, 0.1, 0.2, 0.08, 0, 0, 0);
const latent = new Float32Array(8);
const goal = new Float32Array(8).fill(0.2);

function actionsOf(count: number): Float32Array {
  return Float32Array.from({ length: count * 24 }, (_, i) => i % 4 === 3 ? (i % 7) / 7 : 0.04 * Math.sin(i));
}

/** ONNX Runtime that writes down which outputs were asked for. */
function listening(): Backend & { readonly fetched: string[] } {
  const inner = new OnnxRuntimeBackend();
  const fetched: string[] = [];
  return {
    fetched,
    load: async (onnx) => {
      const graph = await inner.load(onnx);
      return {
        inputs: graph.inputs, outputs: graph.outputs, close: () => graph.close(),
        run: (inputs, outputs) => {
          fetched.push(Object.keys(outputs).join());
          return graph.run(inputs, outputs);
        },
      };
    },
  };
}

test("states are where each step leads, and the energies beside them are those of score, whatever the population before", async () => {
  const model = await OnnxWorldModel.load(tinyBundle);
  after(() => model.close());
  for (const count of [40, 3, 50]) {
    const actions = actionsOf(count);
    const { stepEnergies, startEnergy } = await model.score(latent, state, actions, count, goal);
    const energies = stepEnergies.slice();
    const got = await model.scoreWithStates!(latent, state, actions, count, goal);
    assert.deepEqual(got.stepEnergies, energies);
    assert.equal(got.startEnergy, startEnergy);
    assert.equal(got.states.length, count * 6 * 7);
    for (let c = 0; c < count; c++) {
      const place = [...state.subarray(0, 3)];
      for (let h = 0; h < 6; h++) {
        const action = actions.subarray(c * 24 + h * 4, c * 24 + h * 4 + 4);
        const row = got.states.subarray((c * 6 + h) * 7, (c * 6 + h + 1) * 7);
        for (let axis = 0; axis < 3; axis++) {
          place[axis]! += action[axis]!;
          assert.ok(Math.abs(row[axis]! - place[axis]!) < 1e-6 && Math.abs(row[4 + axis]! - action[axis]! / 0.2) < 1e-6);
        }
        assert.ok(Math.abs(row[3]! - 0.08 * action[3]!) < 1e-6);
      }
    }
    const ends = (await model.rollOut(latent, state, actions, count)).states;
    for (let c = 0; c < count; c++) assert.deepEqual(ends.subarray(c * 7, c * 7 + 7), got.states.subarray((c * 6 + 5) * 7, (c * 6 + 6) * 7));
  }
  await assert.rejects(model.scoreWithStates!(latent, state, actionsOf(1), 2, goal), /actions has 24 values, the model takes 48/);
});

test("only who asks for states has them fetched", async () => {
  const backend = listening();
  const model = await OnnxWorldModel.load(tinyBundle, { backend });
  await model.score(latent, state, actionsOf(2), 2, goal);
  await model.scoreWithStates!(latent, state, actionsOf(2), 2, goal);
  assert.deepEqual(backend.fetched, ["energy,start_energy", "energy,start_energy,states"]);
  await model.close();
});

test("a bundle made before there were states is a bundle, and gives the same energies", async () => {
  const [old, model] = [await OnnxWorldModel.load(await oldBundle()), await OnnxWorldModel.load(tinyBundle)];
  assert.equal(old.scoreWithStates, undefined);
  const wanted = (await model.score(latent, state, actionsOf(4), 4, goal)).stepEnergies;
  assert.deepEqual((await old.score(latent, state, actionsOf(4), 4, goal)).stepEnergies, wanted);
  for (const closing of [old, model]) await closing.close();
});

test("states of another shape or type are refused", async () => {
  const manifest = parseManifest(JSON.stringify(await tinyManifest()), "tiny");
  const tensor = (name: string, shape: (number | string)[], type = "float32") => ({ name, type, shape });
  const inputs = [tensor("latent", [1, 8]), tensor("state", [1, 7]), tensor("actions", ["n", 6, 4]), tensor("goal", [1, 8])];
  const outputs = [tensor("energy", ["n", 6]), tensor("start_energy", [1]), tensor("final_latent", ["n", 8]), tensor("final_state", ["n", 7])];
  checkRollout(manifest, { inputs, outputs }, "tiny");
  checkRollout(manifest, { inputs, outputs: [...outputs, tensor("states", ["n", 6, 7])] }, "tiny");
  for (const bad of [tensor("states", ["n", 6, 3]), tensor("states", ["n", 7]), tensor("states", ["n", 6, 7], "float16")]) {
    assert.throws(() => checkRollout(manifest, { inputs, outputs: [...outputs, bad] }, "tiny"), /output states is .*: the manifest's .* say float32 \[any, 6, 7\]/);
  }
});

test("the shipped bundle gives states, and its manifest knows its graphs", async () => {
  const folder = join("models", "arm-objects-jepa");
  const model = await OnnxWorldModel.load(folder);
  const actions = new Float32Array(10 * 4).fill(0).map((_, i) => i % 4 === 0 ? 0.01 : i % 4 === 3 ? 1 : 0);
  const { states } = await model.scoreWithStates!(new Float32Array(10), Float32Array.of(0.4, 0, 0.1, 0.08, 0, 0, 0), actions, 1, new Float32Array(10));
  for (let h = 0; h < 10; h++) assert.ok(Math.abs(states[h * 7]! - (0.4 + 0.01 * (h + 1))) < 1e-5, `step ${h} at ${states[h * 7]}`);
  const bytes = await readFile(join(folder, "rollout.onnx"));
  assert.equal(createHash("sha256").update(bytes).digest("hex"), model.manifest.files["rollout.onnx"].sha256);
  await model.close();
});
