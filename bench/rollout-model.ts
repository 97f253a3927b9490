import type { MatrixProduct } from "./matrix-products.js";
import { writeFields } from "./protobuf.js";

const [FLOAT, INT64] = [1, 7];
const OPSET = 17;
/** AttributeProto.type. */
const [INT_ATTRIBUTE, INTS_ATTRIBUTE] = [2, 7];

/** Sizes of a made-up roll-out. */
export interface RolloutSizes {
  readonly latentDim: number;
  readonly actionDim: number;
  readonly horizon: number;
  /** Of the two hidden layers. */
  readonly width: number;
}

/** Weights of a made-up roll-out, row-major [inputs, outputs]. */
export interface RolloutWeights {
  readonly enter: Float32Array;
  readonly between: Float32Array;
  readonly leave: Float32Array;
}

/** A roll-out of any size that does what those of bundles do, without having learned anything. */
export interface RolloutModel {
  readonly onnx: Uint8Array;
  readonly weights: RolloutWeights;
  /** Its products, for what they cost alone. */
  readonly products: readonly MatrixProduct[];
  /** Weights in all. */
  readonly parameters: number;
}

/**
 * `latent` [n, D], `actions` [n, H, A], `goal` [1, D] to `energy` [n, H]: each step adds relu(relu([z, a] W1) W2) W3 to the latent, and its energy is the
 * mean squared distance to the goal. The steps share their weights. Costs of horizons and sizes that no shipped bundle has are measured with it.
 */
export function rolloutModel(sizes: RolloutSizes): RolloutModel {
  const { latentDim, actionDim, horizon, width } = sizes;
  const weights = {
    enter: noise((latentDim + actionDim) * width, latentDim + actionDim), between: noise(width * width, width), leave: noise(width * latentDim, width),
  };
  const nodes: Uint8Array[] = [];
  const node = (kind: string, inputs: readonly string[], output: string, ...attributes: Uint8Array[]): string => {
    nodes.push(writeFields(
      ...inputs.map((name) => [1, name] as const), [2, output], [3, output], [4, kind], ...attributes.map((attribute) => [5, attribute] as const),
    ));
    return output;
  };
  let latent = "latent";
  const energies: string[] = [];
  for (let h = 0; h < horizon; h++) {
    const action = node("Gather", ["actions", `step${h}`], `a${h}`, integer("axis", 1));
    const both = node("Concat", [latent, action], `x${h}`, integer("axis", 1));
    const first = node("Relu", [node("MatMul", [both, "enter"], `p${h}`)], `h${h}`);
    const second = node("Relu", [node("MatMul", [first, "between"], `q${h}`)], `k${h}`);
    latent = node("Add", [latent, node("MatMul", [second, "leave"], `d${h}`)], `z${h}`);
    const off = node("Sub", [latent, "goal"], `o${h}`);
    energies.push(node("ReduceMean", [node("Mul", [off, off], `s${h}`)], `e${h}`, integers("axes", [1]), integer("keepdims", 1)));
  }
  node("Concat", energies, "energy", integer("axis", 1));
  const shapes = { enter: [latentDim + actionDim, width], between: [width, width], leave: [width, latentDim] } as const;
  const graph = writeFields(
    ...nodes.map((one) => [1, one] as const), [2, "rollout"],
    ...Object.entries(shapes).map(([name, dims]) =>
      [5, tensor(name, FLOAT, dims, new Uint8Array(weights[name as keyof RolloutWeights].buffer))] as const),
    ...Array.from({ length: horizon }, (_, h) => [5, tensor(`step${h}`, INT64, [], new Uint8Array(BigInt64Array.of(BigInt(h)).buffer))] as const),
    [11, valueInfo("latent", ["n", latentDim])], [11, valueInfo("actions", ["n", horizon, actionDim])], [11, valueInfo("goal", [1, latentDim])],
    [12, valueInfo("energy", ["n", horizon])],
  );
  const product = (inner: number, columns: number): MatrixProduct => ({ fixedRows: 0, rowsPerCandidate: 1, inner, columns });
  return {
    onnx: writeFields([1, 8], [7, graph], [8, writeFields([1, ""], [2, OPSET])]),
    weights,
    products: Array.from({ length: horizon }, () => Object.values(shapes).map(([inner, columns]) => product(inner, columns))).flat(),
    parameters: Object.values(shapes).reduce((sum, [inner, columns]) => sum + inner * columns, 0),
  };
}

function tensor(name: string, type: number, dims: readonly number[], raw: Uint8Array): Uint8Array {
  return writeFields(...dims.map((dim) => [1, dim] as const), [2, type], [8, name], [9, raw]);
}

function integer(name: string, value: number): Uint8Array {
  return writeFields([1, name], [3, value], [20, INT_ATTRIBUTE]);
}

function integers(name: string, values: readonly number[]): Uint8Array {
  return writeFields([1, name], ...values.map((value) => [8, value] as const), [20, INTS_ATTRIBUTE]);
}

function valueInfo(name: string, shape: readonly (number | string)[]): Uint8Array {
  const dims = shape.map((size) => [1, typeof size === "number" ? writeFields([1, size]) : writeFields([2, size])] as const);
  return writeFields([1, name], [2, writeFields([1, writeFields([1, FLOAT], [2, writeFields(...dims)])])]);
}

/** Numbers of both signs that keep the size of what goes through: products of denormals would be slow for no reason. */
function noise(length: number, inputs: number): Float32Array {
  const values = new Float32Array(length);
  let seed = length;
  for (let i = 0; i < length; i++) {
    seed = (seed * 16807) % 2147483647;
    values[i] = 2 * (seed / 2147483647 - 0.5) * Math.sqrt(3 / inputs);
  }
  return values;
}
