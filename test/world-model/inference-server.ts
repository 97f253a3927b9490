import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition, status } from "@grpc/grpc-js";
import { InferenceSession, Tensor } from "onnxruntime-node";

import { protocolMethods } from "../../src/world-model/backends/kserve/inference-client.js";
import { servedModel } from "../../src/world-model/backends/kserve/served-model.js";
import { readManifest } from "../../src/world-model/index.js";

interface WireTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

interface InferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly inputs: readonly WireTensor[];
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_input_contents: readonly Buffer[];
}

interface InferResponse {
  model_name: string;
  model_version: string;
  outputs: WireTensor[];
  raw_output_contents: Uint8Array[];
}

interface Metadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: WireTensor[];
  outputs: WireTensor[];
}

interface Model {
  readonly version: string;
  readonly session: InferenceSession;
}

/** What a test has the server do wrong. */
export interface Misbehaviour {
  /** Before each answer of ModelInfer. */
  delayMs?: number;
  loading?: boolean;
  /** Fails each ModelInfer with this. */
  failure?: { readonly code: status; readonly details: string };
  spoilMetadata?: (metadata: Metadata) => void;
  spoilAnswer?: (answer: InferResponse) => void;
}

const DATATYPES: Readonly<Record<string, string>> = { float32: "FP32", uint8: "UINT8" };

/** A server of the KServe v2 protocol with the real graphs of a bundle in ONNX Runtime, for tests where no serving environment is installed. */
export class InferenceServer {
  misbehaviour: Misbehaviour = {};
  /** Methods that were asked, in order; of ModelInfer with the model's kind. */
  readonly asked: string[] = [];
  /** Most runs that were under way at once. */
  mostAtOnce = 0;
  readonly #models: ReadonlyMap<string, Model>;
  #server: Server | undefined;
  #port = 0;
  #running = 0;

  /** @param port 0: a free one. @param tls with a key and a certificate in PEM. */
  static async start(bundle: string, { port = 0, tls }: { readonly port?: number; readonly tls?: { readonly key: Buffer; readonly certificate: Buffer } } = {}): Promise<InferenceServer> {
    const manifest = await readManifest(bundle);
    const models = new Map<string, Model>();
    for (const [file, entry] of Object.entries(manifest.files)) {
      if (entry === undefined) continue;
      const { name, version } = servedModel(manifest.name, file, entry.sha256);
      models.set(name, { version, session: await InferenceSession.create(await readFile(join(bundle, file)), { intraOpNumThreads: 1, logSeverityLevel: 3 }) });
    }
    const server = new InferenceServer(models);
    await server.listen(port, tls === undefined ? ServerCredentials.createInsecure() : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }]));
    return server;
  }

  private constructor(models: ReadonlyMap<string, Model>) {
    this.#models = models;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `grpc://127.0.0.1:${this.#port}`;
  }

  /** Takes connections, again after stop() on the port that it had. */
  async listen(port = this.#port, credentials = ServerCredentials.createInsecure()): Promise<void> {
    const server = new Server({ "grpc.max_receive_message_length": -1 });
    server.addService(protocolMethods() as unknown as ServiceDefinition, {
      ServerLive: this.#answer("ServerLive", () => ({ live: true })),
      ServerReady: this.#answer("ServerReady", () => ({ ready: true })),
      ModelReady: this.#answer("ModelReady", ({ name }: { name: string }) => ({ ready: this.#models.has(name) && this.misbehaviour.loading !== true })),
      ModelMetadata: this.#answer("ModelMetadata", ({ name, version }: { name: string; version: string }) => this.#metadata(name, version)),
      ModelInfer: this.#answer("ModelInfer", (request: InferRequest) => this.#infer(request)),
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#server = server;
  }

  /** Gone at once, connections and all, as when the process is killed. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async close(): Promise<void> {
    this.stop();
    for (const { session } of this.#models.values()) await session.release();
  }

  #answer<Request extends object>(method: string, work: (request: Request) => object | Promise<object>) {
    return (call: ServerUnaryCall<Request, object>, respond: sendUnaryData<object>): void => {
      this.asked.push(method === "ModelInfer" ? `ModelInfer ${(call.request as unknown as InferRequest).model_name.split("-").at(-1)!}` : method);
      Promise.resolve(call.request).then(work).then(
        (answer) => { respond(null, answer); },
        (error: unknown) => { respond(error instanceof Refusal ? { code: error.code, details: error.message } : { code: status.INTERNAL, details: String(error) }); },
      );
    };
  }

  #find(name: string, version: string): Model {
    const model = this.#models.get(name);
    if (model === undefined || (version !== "" && version !== model.version)) throw new Refusal(status.NOT_FOUND, `Model ${name} with version ${version} not found`);
    return model;
  }

  #metadata(name: string, version: string): Metadata {
    const { version: found, session } = this.#find(name, version);
    const tensors = (list: readonly InferenceSession.ValueMetadata[]): WireTensor[] => list.map((tensor) => {
      if (!tensor.isTensor) throw new Error(`${tensor.name} is no tensor`);
      return { name: tensor.name, datatype: DATATYPES[tensor.type]!, shape: tensor.shape.map((size) => typeof size === "number" ? size : -1) };
    });
    const metadata: Metadata = { name, versions: [found], platform: "onnxruntime_onnx", inputs: tensors(session.inputMetadata), outputs: tensors(session.outputMetadata) };
    this.misbehaviour.spoilMetadata?.(metadata);
    return metadata;
  }

  async #infer({ model_name, model_version, inputs, outputs, raw_input_contents }: InferRequest): Promise<InferResponse> {
    const { version, session } = this.#find(model_name, model_version);
    const { delayMs, failure, spoilAnswer } = this.misbehaviour;
    if (failure !== undefined) throw new Refusal(failure.code, failure.details);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    try {
      if (delayMs !== undefined) await sleep(delayMs);
      const feeds = Object.fromEntries(inputs.map(({ name, datatype, shape }, i) => {
        // A copy of its own begins where numbers may.
        const bytes = Uint8Array.from(raw_input_contents[i]!);
        return [name, datatype === "FP32" ? new Tensor("float32", new Float32Array(bytes.buffer), shape) : new Tensor("uint8", bytes, shape)];
      }));
      const found = await session.run(feeds, outputs.map(({ name }) => name));
      const answer: InferResponse = { model_name, model_version: version, outputs: [], raw_output_contents: [] };
      for (const [name, { type, dims, data }] of Object.entries(found)) {
        const values = data as Float32Array;
        answer.outputs.push({ name, datatype: DATATYPES[type]!, shape: dims });
        answer.raw_output_contents.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
      spoilAnswer?.(answer);
      return answer;
    } finally {
      this.#running--;
    }
  }
}

class Refusal extends Error {
  readonly code: status;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
  }
}
