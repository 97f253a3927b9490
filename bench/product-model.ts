import type { TensorData } from "../src/world-model/index.js";
import { rows, type MatrixProduct } from "./matrix-products.js";
import { writeFields } from "./protobuf.js";

const FLOAT = 1;
const OPSET = 17;

/** An ONNX graph of nothing but matrix products, with what to feed it and what to fetch. */
export interface ProductModel {
  readonly onnx: Uint8Array;
  readonly inputs: Record<string, TensorData>;
  readonly outputs: Record<string, TensorData>;
}

/**
 * The bare products of a roll-out: each with its own weight, one after the other, and nothing between them. How fast the same
 * runtime does these is the yardstick for the roll-out: what it takes longer is activations, norms and moving data.
 *
 * All results are outputs of the graph (or the optimiser would drop them); only the last one is fetched.
 */
export function productModel(products: readonly MatrixProduct[], candidates: number): ProductModel {
  if (products.length === 0) {
    throw new RangeError("the roll-out has no matrix products to compare with");
  }
  const nodes: Uint8Array[] = [];
  const weights: Uint8Array[] = [];
  const graphOutputs: Uint8Array[] = [];
  const inputs: Record<string, TensorData> = {};
  let outputs: Record<string, TensorData> = {};
  products.forEach((product, i) => {
    const { inner, columns } = product;
    const count = rows(product, candidates);
    const input = `x_${count}_${inner}`;
    inputs[input] ??= { data: noise(count * inner), shape: [count, inner] };
    const weight = noise(inner * columns);
    weights.push(writeFields([1, inner], [1, columns], [2, FLOAT], [8, `w${i}`], [9, new Uint8Array(weight.buffer)]));
    nodes.push(writeFields([1, input], [1, `w${i}`], [2, `y${i}`], [3, `product${i}`], [4, "MatMul"]));
    graphOutputs.push(valueInfo(`y${i}`, [count, columns]));
    outputs = { [`y${i}`]: { data: new Float32Array(count * columns), shape: [count, columns] } };
  });
  const graph = writeFields(
    ...nodes.map((node) => [1, node] as const),
    [2, "products"],
    ...weights.map((weight) => [5, weight] as const),
    ...Object.entries(inputs).map(([name, { shape }]) => [11, valueInfo(name, shape)] as const),
    ...graphOutputs.map((output) => [12, output] as const),
  );
  const onnx = writeFields([1, 8], [7, graph], [8, writeFields([1, ""], [2, OPSET])]);
  return { onnx, inputs, outputs };
}

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dims = shape.map((size) => [1, writeFields([1, size])] as const);
  return writeFields([1, name], [2, writeFields([1, writeFields([1, FLOAT], [2, writeFields(...dims)])])]);
}

/** Small numbers of both signs: products of denormals would be slow for no reason. */
function noise(length: number): Float32Array {
  const values = new Float32Array(length);
  let seed = 1;
  for (let i = 0; i < length; i++) {
    seed = (seed * 16807) % 2147483647;
    values[i] = seed / 2147483647 - 0.5;
  }
  return values;
}
