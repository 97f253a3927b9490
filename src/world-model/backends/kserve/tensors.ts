import { endianness } from "node:os";

import type { ElementType, TensorData, TensorSpec } from "../types.js";
import type { TensorMetadata } from "./messages.js";

/** The protocol's names of element types, and the graphs'. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = { FP32: "float32", UINT8: "uint8" };

/** A tensor as a graph describes it; types that bundles do not use keep the protocol's name. */
export function specOf({ name, datatype, shape }: TensorMetadata): TensorSpec {
  return { name, type: ELEMENT_TYPES[datatype] ?? datatype, shape: shape.map((size) => size < 0 ? "any" : size) };
}

export function datatypeOf({ data }: TensorData): string {
  return data instanceof Float32Array ? "FP32" : "UINT8";
}

/** The bytes of a tensor as they travel: nothing is copied. @throws Error on a machine whose numbers begin with the high byte. */
export function rawBytes({ data }: TensorData): Buffer {
  if (endianness() !== "LE") throw new Error("an inference server takes little-endian numbers, and this machine's are big-endian: run the model on this machine");
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Zeros for an input, with 1 for sizes that are free; undefined for a type that is not known. */
export function zerosFor({ type, shape }: TensorSpec): TensorData | undefined {
  const sizes = shape.map((size) => typeof size === "string" ? 1 : size);
  const count = sizes.reduce((product, size) => product * size, 1);
  switch (type) {
    case "float32":
      return { data: new Float32Array(count), shape: sizes };
    case "uint8":
      return { data: new Uint8Array(count), shape: sizes };
    default:
      return undefined;
  }
}
