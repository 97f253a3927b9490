import assert from "node:assert/strict";
import { test } from "node:test";
import { readMatrixProducts } from "../../bench/matrix-products.js";
import { rolloutModel, type RolloutWeights } from "../../bench/rollout-model.js";
import { OnnxRuntimeBackend } from "../../src/world-model/index.js";

const SIZES = { latentDim: 3, actionDim: 2, horizon: 4, width: 5 };
const COUNT = 6;

/** relu(x W), or x W. */
function layer(x: readonly number[], weight: Float32Array, rectified: boolean): number[] {
  const columns = weight.length / x.length;
  return Array.from({ length: columns }, (_, c) => {
    const sum = x.reduce((total, value, i) => total + value * weight[i * columns + c]!, 0);
    return rectified ? Math.max(0, sum) : sum;
  });
}

function byHand(latent: readonly number[], actions: readonly number[][], goal: readonly number[], { enter, between, leave }: RolloutWeights): number[] {
  let z = [...latent];
  return actions.map((action) => {
    const change = layer(layer(layer([...z, ...action], enter, true), between, true), leave, false);
    z = z.map((value, i) => value + change[i]!);
    return z.reduce((sum, value, i) => sum + (value - goal[i]!) ** 2, 0) / z.length;
  });
}

test("the made-up roll-out computes what it says, and its products are counted", async () => {
  const model = rolloutModel(SIZES);
  assert.equal(model.parameters, 5 * 5 + 5 * 5 + 5 * 3);
  assert.deepEqual(
    readMatrixProducts(model.onnx).map(({ inner, columns }) => [inner, columns]), model.products.map(({ inner, columns }) => [inner, columns]),
  );
  const graph = await new OnnxRuntimeBackend().load(model.onnx);
  const { latentDim, actionDim, horizon } = SIZES;
  const of = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(3 * i + length));
  const [latent, actions, goal] = [of(COUNT * latentDim), of(COUNT * horizon * actionDim), of(latentDim)];
  const energy = new Float32Array(COUNT * horizon);
  await graph.run(
    { latent: { data: latent, shape: [COUNT, latentDim] }, actions: { data: actions, shape: [COUNT, horizon, actionDim] }, goal: { data: goal, shape: [1, latentDim] } },
    { energy: { data: energy, shape: [COUNT, horizon] } },
  );
  await graph.close();
  for (let n = 0; n < COUNT; n++) {
    const of_ = (data: Float32Array, size: number): number[] => [...data.subarray(n * size, (n + 1) * size)];
    const steps = Array.from({ length: horizon }, (_, h) => of_(actions, horizon * actionDim).slice(h * actionDim, (h + 1) * actionDim));
    byHand(of_(latent, latentDim), steps, [...goal], model.weights).forEach((value, h) => {
      assert.ok(Math.abs(energy[n * horizon + h]! - value) < 1e-4 * Math.max(1, value), `${energy[n * horizon + h]} is not ${value}`);
    });
  }
});
