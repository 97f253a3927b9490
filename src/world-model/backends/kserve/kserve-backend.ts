import { setTimeout as sleep } from "node:timers/promises";

import { ModelUnavailable } from "../../model-unavailable.js";
import type { Graph, ServingBackend } from "../types.js";
import { InferenceClient } from "./inference-client.js";
import { readyResponse } from "./messages.js";
import { DEFAULT_TIMEOUT_MS, type InferenceOptions } from "./options.js";
import { ServedGraph } from "./served-graph.js";
import { servedModel } from "./served-model.js";

/** So long a server that does not answer is tried again when the first graph is opened (ms): who starts both at once need not count seconds. */
const CONNECT_MS = 3000;
/** A first run may compile, move weights to a device, or both (ms). */
const FIRST_RUN_MS = 10_000;

/**
 * Has graphs run by an inference server that speaks the KServe v2 protocol (Open Inference Protocol) over gRPC. The server has loaded them from a model
 * repository of the bundle (docs/remote.md).
 */
export class KserveBackend implements ServingBackend {
  readonly #client: InferenceClient;
  readonly #timeoutMs: number;
  #reached = false;
  #open = 0;

  /** @throws RangeError or Error, one line, when an option makes no sense. */
  constructor(options: InferenceOptions) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (!(timeoutMs > 0)) throw new RangeError(`the time-out of the inference server is ${timeoutMs} ms: must be above 0`);
    this.#client = new InferenceClient(options);
    this.#timeoutMs = timeoutMs;
  }

  get address(): string {
    return this.#client.address;
  }

  async openServed(bundle: string, file: string, sha256: string): Promise<Graph> {
    try {
      if (!this.#reached) await this.#reach();
      const graph = await ServedGraph.open(this.#client, servedModel(bundle, file, sha256), {
        timeoutMs: this.#timeoutMs, patienceMs: Math.max(FIRST_RUN_MS, this.#timeoutMs), onClose: () => { this.#release(); },
      });
      this.#open++;
      return graph;
    } catch (error) {
      if (this.#open === 0) this.#client.close();
      throw error;
    }
  }

  /** Waits for the server to come up. @throws ModelUnavailable when it does not. */
  async #reach(): Promise<void> {
    const endMs = performance.now() + CONNECT_MS;
    for (;;) {
      try {
        const timeoutMs = Math.max(100, endMs - performance.now());
        await this.#client.call("ServerReady", {}, { about: "whether it is ready", schema: readyResponse, timeoutMs, everyFailurePasses: true });
        // That it answers is enough: a server is called ready when all of its models are, and whether those of this bundle are is asked of each of them.
        this.#reached = true;
        return;
      } catch (error) {
        if (!(error instanceof ModelUnavailable) || performance.now() > endMs) throw error;
        await sleep(100);
      }
    }
  }

  #release(): void {
    this.#open--;
    if (this.#open === 0) this.#client.close();
  }
}
