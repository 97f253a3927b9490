import { resolve } from "node:path";

import { parseNumber } from "./numbers.js";

import type { InferenceOptions } from "../world-model/index.js";

/** Yargs options of commands that may have their model run by an inference server. */
export const INFERENCE_OPTIONS = {
  "inference-server": { type: "string", requiresArg: true, describe: "Inference server that runs the model, grpc://host:port, or grpcs:// with TLS [default: this machine runs it]" },
  "inference-timeout": { type: "string", requiresArg: true, describe: "Longest run of the inference server, ms [default: 10000; of the node: the planner's deadline]" },
  "inference-root-certificates": { type: "string", requiresArg: true, describe: "PEM file of the certificate authorities for grpcs:// [default: those that Node knows]" },
  "inference-insecure": { type: "boolean", default: false, describe: "Speak to a server on another machine without TLS" },
} as const;

export interface InferenceArguments {
  readonly inferenceServer?: string | undefined;
  readonly inferenceTimeout?: string | undefined;
  readonly inferenceRootCertificates?: string | undefined;
  readonly inferenceInsecure: boolean;
}

/** @throws UsageError for a time-out that is none. What is wrong with the address is said when it is used. */
export function inferenceOf(args: InferenceArguments): InferenceOptions | undefined {
  const { inferenceServer: server, inferenceTimeout, inferenceRootCertificates: certificates, inferenceInsecure } = args;
  if (server === undefined) return undefined;
  return {
    server, allowPlainText: inferenceInsecure,
    ...(inferenceTimeout === undefined ? {} : { timeoutMs: parseNumber("--inference-timeout", inferenceTimeout, { min: 1, max: 600_000 }) }),
    ...(certificates === undefined ? {} : { rootCertificates: resolve(certificates) }),
  };
}
