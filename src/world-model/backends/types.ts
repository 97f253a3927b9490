/** Element types that the graphs of a bundle use; another one is shown as the runtime calls it. */
export type ElementType = "float32" | "uint8" | (string & {});

/** Name, type and shape of an input or output. A dimension that is only known at run time is a string. */
export interface TensorSpec {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** Data with its shape, row-major. */
export interface TensorData {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** A graph that is ready to run, whatever runs it. */
export interface Graph {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /**
   * Runs the graph. Only the outputs that are named in `outputs` are brought back, each written into its buffer.
   *
   * @throws Error of the runtime, e.g. when a shape does not fit. The buffers' contents are undefined then.
   */
  run(inputs: Readonly<Record<string, TensorData>>, outputs: Readonly<Record<string, TensorData>>): Promise<void>;
  close(): Promise<void>;
}

/** Makes graphs out of the bytes of ONNX files. */
export interface Backend {
  load(onnx: Uint8Array): Promise<Graph>;
}
