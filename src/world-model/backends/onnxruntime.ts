import { InferenceSession, Tensor } from "onnxruntime-node";
import { oneLine } from "../../text/one-line.js";
import { checkProvider, DEFAULT_PROVIDER, ProviderError } from "./execution-providers.js";
import type { Backend, Graph, SideFile, TensorData, TensorSpec } from "./types.js";

export interface OnnxRuntimeOptions {
  /** What runs the operators, of `executionProviders()`. Default `cpu`; what another one cannot do is done by the CPU all the same. */
  readonly provider?: string;
  /** Threads inside one operator. Default 1: on two cores the other one belongs to ROS, and two were slower on busy cores. */
  readonly threads?: number;
  /** Whether threads that wait for work keep their cores busy; of no effect with one thread. Default false. */
  readonly spinning?: boolean;
}

/** Runs graphs with ONNX Runtime. The only file besides `execution-providers.ts` that imports it. */
export class OnnxRuntimeBackend implements Backend {
  readonly #options: InferenceSession.SessionOptions;
  readonly #provider: string;

  /**
   * @throws RangeError when `threads` is no positive whole number (0 would let the runtime take every core).
   * @throws ProviderError when the build has not the provider.
   */
  constructor({ provider = DEFAULT_PROVIDER, threads = 1, spinning = false }: OnnxRuntimeOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`threads is ${threads}: must be a positive whole number`);
    }
    checkProvider(provider);
    this.#provider = provider;
    this.#options = {
      executionProviders: [provider],
      graphOptimizationLevel: "all",
      // The roll-out is a chain: there is nothing that could run beside it, and a second pool of threads would only spin.
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Threads that spin while they wait take the core from the one they wait for when other processes are busy: with two threads
      // on two busy cores a population took 120 ms with spinning and 69 ms without.
      extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
      // Errors are thrown; warnings about the optimiser's work are not for the robot's log.
      logSeverityLevel: 3,
    };
  }

  async load(onnx: Uint8Array, sideFiles: readonly SideFile[] = []): Promise<Graph> {
    const externalData = sideFiles.map(({ name, data }) => ({ path: name, data }));
    try {
      return new OnnxRuntimeGraph(await InferenceSession.create(onnx, { ...this.#options, ...(externalData.length === 0 ? {} : { externalData }) }));
    } catch (cause) {
      if (this.#provider === DEFAULT_PROVIDER) throw cause;
      const reason = oneLine(cause);
      throw new ProviderError(`execution provider ${this.#provider} does not start here (${reason}): install what it needs, or choose ${DEFAULT_PROVIDER}`, { cause });
    }
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
