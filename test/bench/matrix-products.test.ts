import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { flops, readMatrixProducts } from "../../bench/matrix-products.js";
import { productModel } from "../../bench/product-model.js";
import { readFields, writeFields } from "../../bench/protobuf.js";
import { OnnxRuntimeBackend } from "../../src/world-model/index.js";
import { tinyBundle } from "../world-model/fixtures.js";

test("fields come back as they were written", () => {
  const bytes = writeFields([1, 300], [2, "text"], [15, 0], [200, Uint8Array.of(1, 2)], [3, 2 ** 40]);
  assert.deepEqual(readFields(bytes).map(({ number, value }) => [number, typeof value === "number" ? value : [...value]]),
    [[1, 300], [2, [...Buffer.from("text")]], [15, 0], [200, [1, 2]], [3, 2 ** 40]]);
  assert.throws(() => readFields(Uint8Array.of(10, 5, 1)), /beyond the message/);
  assert.throws(() => readFields(Uint8Array.of(8, 128)), /ends inside a number/);
});

test("the products of the tiny roll-out are counted with their rows", async () => {
  const products = readMatrixProducts(await readFile(join(tinyBundle, "rollout.onnx")));
  assert.deepEqual(products, [
    { fixedRows: 0, rowsPerCandidate: 6, inner: 4, columns: 8 },
    { fixedRows: 0, rowsPerCandidate: 6, inner: 4, columns: 7 },
    { fixedRows: 0, rowsPerCandidate: 6, inner: 4, columns: 7 },
  ]);
  assert.equal(flops(products, 10), 10 * 2 * (6 * 4 * 8 + 2 * 6 * 4 * 7));
});

test("the graph of bare products runs and has the same products", async () => {
  const products = [
    { fixedRows: 0, rowsPerCandidate: 6, inner: 4, columns: 8 },
    { fixedRows: 1, rowsPerCandidate: 0, inner: 8, columns: 3 },
  ];
  const model = productModel(products, 5);
  assert.equal(flops(readMatrixProducts(model.onnx), 0), flops(products, 5));
  const graph = await new OnnxRuntimeBackend().load(model.onnx);
  await graph.run(model.inputs, model.outputs);
  const [result] = Object.values(model.outputs);
  assert.deepEqual(result!.shape, [1, 3]);
  assert.ok(result!.data.every((value) => Number.isFinite(value) && value !== 0));
  // An output that has another size than its buffer is an error, not a wrong number.
  await assert.rejects(graph.run(model.inputs, { y1: { data: new Float32Array(4), shape: [1, 4] } }));
  await graph.close();
});
