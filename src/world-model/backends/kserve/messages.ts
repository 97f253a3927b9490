import { z } from "zod";

// What comes from the network is checked before it is used. Field names are the protocol's.
const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });

export const readyResponse = z.object({ ready: z.boolean() });

export const modelMetadataResponse = z.object({
  versions: z.array(z.string()),
  inputs: z.array(tensor).min(1),
  outputs: z.array(tensor).min(1),
});

export const modelInferResponse = z.object({
  model_version: z.string(),
  outputs: z.array(tensor),
  raw_output_contents: z.array(z.instanceof(Uint8Array)),
});

export type TensorMetadata = z.infer<typeof tensor>;

/** A tensor of a request; its numbers travel apart, in `raw_input_contents`. */
export interface InferTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

export interface ModelInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly inputs: readonly InferTensor[];
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_input_contents: readonly Uint8Array[];
}
