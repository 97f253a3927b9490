import type { Graph, TensorData, TensorSpec } from "../types.js";
import type { CallOptions, InferenceClient } from "./inference-client.js";
import { type ModelInferRequest, modelInferResponse, modelMetadataResponse, readyResponse } from "./messages.js";
import type { ServedModel } from "./served-model.js";
import { datatypeOf, rawBytes, specOf, zerosFor } from "./tensors.js";

/** After a failure the model is looked at again, and run once, within this (ms): for all graphs of a bundle it is less than what a planning worker is given before it counts as hung. */
const LOOK_AGAIN_MS = 1500;

/**
 * A graph that an inference server runs. After each failure the server may be another one, or have another model: it is looked at again before the next run.
 */
export class ServedGraph implements Graph {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #client: InferenceClient;
  readonly #model: ServedModel;
  readonly #timeoutMs: number;
  readonly #onClose: () => void;
  /** The client's epoch in which the model was looked at. */
  #seenIn: number;
  #closed = false;

  /**
   * Looks at the model and runs it once, on zeros, so that the first real run is not the one that has it loaded.
   *
   * @param timeoutMs of a run. @param patienceMs for this look. @throws ModelUnavailable, one sentence.
   */
  static async open(
    client: InferenceClient, model: ServedModel, { timeoutMs, patienceMs, onClose }: { readonly timeoutMs: number; readonly patienceMs: number; readonly onClose: () => void },
  ): Promise<ServedGraph> {
    const { inputs, outputs } = await look(client, model, patienceMs);
    return new ServedGraph(client, model, inputs, outputs, timeoutMs, onClose);
  }

  private constructor(
    client: InferenceClient, model: ServedModel, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[], timeoutMs: number, onClose: () => void,
  ) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#client = client;
    this.#model = model;
    this.#timeoutMs = timeoutMs;
    this.#onClose = onClose;
    this.#seenIn = client.epoch;
  }

  async run(inputs: Readonly<Record<string, TensorData>>, outputs: Readonly<Record<string, TensorData>>): Promise<void> {
    if (this.#seenIn !== this.#client.epoch) await this.#lookAgain();
    await infer(this.#client, this.#model, inputs, outputs, { timeoutMs: this.#timeoutMs });
    this.#client.succeeded();
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#onClose();
    }
    return Promise.resolve();
  }

  async #lookAgain(): Promise<void> {
    const { inputs, outputs } = await look(this.#client, this.#model, LOOK_AGAIN_MS);
    if (JSON.stringify([inputs, outputs]) !== JSON.stringify([this.inputs, this.outputs])) {
      throw this.#client.failed(`the inference server ${this.#client.address} has other inputs or outputs of ${this.#model.name} than when it was connected: start the node again`);
    }
    this.#seenIn = this.#client.epoch;
  }
}

/** What the server says of a model, after one run of it. All in all it takes no longer than `patienceMs`. */
async function look(client: InferenceClient, model: ServedModel, patienceMs: number): Promise<{ readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] }> {
  const { name, version } = model;
  const endMs = performance.now() + patienceMs;
  const leftMs = (): number => Math.max(1, endMs - performance.now());
  const about = `${name} in version ${version}`;
  const metadata = await client.call("ModelMetadata", { name, version }, { about, schema: modelMetadataResponse, timeoutMs: leftMs(), everyFailurePasses: true });
  // A server that has one version may answer for it, whichever was asked for.
  if (metadata.versions.length > 0 && !metadata.versions.includes(version)) {
    throw client.failed(`the inference server ${client.address} has ${name} in version ${metadata.versions.join(", ")}, and ${model.file} of this bundle is version ${version}: ` +
      "serve the model repository of this bundle (training/model_repository.py)");
  }
  const { ready } = await client.call("ModelReady", { name, version }, { about, schema: readyResponse, timeoutMs: leftMs(), everyFailurePasses: true });
  if (!ready) throw client.failed(`the inference server ${client.address} is still loading ${about}`);
  const inputs = metadata.inputs.map(specOf);
  const outputs = metadata.outputs.map(specOf);
  await warmUp(client, model, inputs, outputs, leftMs());
  return { inputs, outputs };
}

/** Nothing for types that are not known: what checks the graph against its manifest refuses those by name. */
async function warmUp(client: InferenceClient, model: ServedModel, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[], timeoutMs: number): Promise<void> {
  const zeros: Record<string, TensorData> = {};
  for (const input of inputs) {
    const tensor = zerosFor(input);
    if (tensor === undefined) return;
    zeros[input.name] = tensor;
  }
  const output = outputs.map((spec) => [spec.name, zerosFor(spec)] as const).find(([, tensor]) => tensor !== undefined);
  if (output !== undefined) await infer(client, model, zeros, { [output[0]]: output[1]! }, { timeoutMs, everyFailurePasses: true });
}

async function infer(
  client: InferenceClient, model: ServedModel, inputs: Readonly<Record<string, TensorData>>, outputs: Readonly<Record<string, TensorData>>,
  limits: Pick<CallOptions<unknown>, "timeoutMs" | "everyFailurePasses">,
): Promise<void> {
  const given = Object.entries(inputs);
  const request: ModelInferRequest = {
    model_name: model.name,
    model_version: model.version,
    inputs: given.map(([name, tensor]) => ({ name, datatype: datatypeOf(tensor), shape: tensor.shape })),
    outputs: Object.keys(outputs).map((name) => ({ name })),
    raw_input_contents: given.map(([, tensor]) => rawBytes(tensor)),
  };
  const answer = await client.call("ModelInfer", request, { about: model.name, schema: modelInferResponse, ...limits });
  const wrong = (what: string): Error => client.failed(`the inference server ${client.address}: ${model.name} ${what}`);
  if (answer.model_version !== "" && answer.model_version !== model.version) {
    throw wrong(`answered in version ${answer.model_version}, not in ${model.version}, which ${model.file} of this bundle is`);
  }
  if (answer.raw_output_contents.length !== answer.outputs.length) throw wrong("gives its numbers without raw_output_contents, which is not understood here");
  for (const [name, wanted] of Object.entries(outputs)) {
    const at = answer.outputs.findIndex((output) => output.name === name);
    const found = answer.outputs[at];
    if (found === undefined) throw wrong(`gives no output ${name}`);
    const raw = answer.raw_output_contents[at]!;
    const fits = found.datatype === datatypeOf(wanted) && found.shape.length === wanted.shape.length && found.shape.every((size, i) => size === wanted.shape[i]);
    if (!fits || raw.length !== wanted.data.byteLength) {
      throw wrong(`gives ${name} as ${found.datatype} [${found.shape.join(", ")}] in ${raw.length} bytes, and ${datatypeOf(wanted)} [${wanted.shape.join(", ")}] was asked for`);
    }
    rawBytes(wanted).set(raw);
  }
}
