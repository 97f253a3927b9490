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

/** Weights that an ONNX file refers to by name, whole. */
export interface SideFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Makes graphs out of the bytes of ONNX files. */
export interface Backend {
  /** @param sideFiles every file that the graph's weights lie in besides its own. */
  load(onnx: Uint8Array, sideFiles?: readonly SideFile[]): Promise<Graph>;
}

/** Has graphs run that something else has loaded: it is told which, not given their bytes. */
export interface ServingBackend {
  /** Where they run, for messages. */
  readonly address: string;
  /**
   * @param bundle the manifest's name. @param file of the bundle, such as "rollout.onnx". @param sha256 of that file, in hexadecimal.
   * @throws ModelUnavailable, one sentence, when just this graph cannot be had there.
   */
  openServed(bundle: string, file: string, sha256: string): Promise<Graph>;
}
