import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Backend, Graph, TensorData, TensorSpec } from "./types.js";

export interface OnnxRuntimeOptions {
  /** Threads inside one operator. Default 1: on two cores the other one belongs to ROS, and two were slower on busy cores. */
  readonly threads?: number;
}

/** Runs graphs on the CPU with ONNX Runtime. The only file that imports it. */
export class OnnxRuntimeBackend implements Backend {
  readonly #options: InferenceSession.SessionOptions;

  /** @throws RangeError when `threads` is no positive whole number (0 would let the runtime take every core). */
  constructor(options: OnnxRuntimeOptions = {}) {
    const threads = options.threads ?? 1;
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`threads is ${threads}: must be a positive whole number`);
    }
    this.#options = {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      // The roll-out is a chain: there is nothing that could run beside it, and a second pool of threads would only spin.
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Threads that spin while they wait take the core from the one they wait for when other processes are busy: with two threads
      // on two busy cores a population took 120 ms with spinning and 69 ms without.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      // Errors are thrown; warnings about the optimiser's work are not for the robot's log.
      logSeverityLevel: 3,
    };
  }

  async load(onnx: Uint8Array): Promise<Graph> {
    return new OnnxRuntimeGraph(await InferenceSession.create(onnx, this.#options));
  }
}

class OnnxRuntimeGraph implements Graph {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #session: InferenceSession;

  constructor(session: InferenceSession) {
    this.#session = session;
    this.inputs = session.inputMetadata.map(specOf);
    this.outputs = session.outputMetadata.map(specOf);
  }

  async run(inputs: Readonly<Record<string, TensorData>>, outputs: Readonly<Record<string, TensorData>>): Promise<void> {
    // Tensors wrap the buffers they are given: nothing is copied on this side, and the runtime writes straight into the outputs.
    await this.#session.run(wrap(inputs), wrap(outputs));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function wrap(tensors: Readonly<Record<string, TensorData>>): Record<string, Tensor> {
  const wrapped: Record<string, Tensor> = {};
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    wrapped[name] = data instanceof Float32Array ? new Tensor("float32", data, shape) : new Tensor("uint8", data, shape);
  }
  return wrapped;
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  return metadata.isTensor
    ? { name: metadata.name, type: metadata.type, shape: metadata.shape }
    : { name: metadata.name, type: "not a tensor", shape: [] };
}
