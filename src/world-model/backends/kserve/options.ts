/** Which inference server runs the graphs, and how it is spoken to; plain data, so that it can be sent to a worker. */
export interface InferenceOptions {
  /** `grpc://host:port`, or `grpcs://host:port` with TLS. */
  readonly server: string;
  /** A run of a graph that takes longer than this (ms) has failed. Default 10 000, for work without a clock. */
  readonly timeoutMs?: number;
  /** PEM file of the certificate authorities that the server's certificate may come from. Default: those that Node knows. */
  readonly rootCertificates?: string;
  /** Whether another machine may be spoken to without TLS. Default false. */
  readonly allowPlainText?: boolean;
}

export const DEFAULT_TIMEOUT_MS = 10_000;
