import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { z } from "zod";

import { oneLine } from "../../../text/one-line.js";
import { ModelUnavailable } from "../../model-unavailable.js";
import type { InferenceOptions } from "./options.js";
import { parseServerAddress, type ServerAddress } from "./server-address.js";

/** Methods of the protocol that are used. */
export type Method = "ServerLive" | "ServerReady" | "ModelReady" | "ModelMetadata" | "ModelInfer";

/** First and longest pause after a failure (ms); it doubles from one to the other. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** Letters of what a server says that are passed on. */
const LONGEST_DETAILS = 300;

/** The file lies in the installation, beside `dist/`. */
const PROTOCOL = fileURLToPath(new URL("../../../../../proto/inference.proto", import.meta.url));
const SERVICE = "inference.GRPCInferenceService";

/**
 * Failures after which the same question may have an answer later. All others say that the question itself was wrong, or that the model failed at it.
 */
const PASSING: ReadonlySet<status> = new Set([
  status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.ABORTED, status.RESOURCE_EXHAUSTED, status.NOT_FOUND, status.FAILED_PRECONDITION,
  status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.UNIMPLEMENTED,
]);

interface MethodDefinition {
  readonly path: string;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

let methods: Readonly<Record<Method, MethodDefinition>> | undefined;

/** The protocol's methods, as the .proto file has them. */
export function protocolMethods(): Readonly<Record<Method, MethodDefinition>> {
  methods ??= loadSync(PROTOCOL, { keepCase: true, longs: Number, defaults: true, arrays: true })[SERVICE] as unknown as Readonly<Record<Method, MethodDefinition>>;
  return methods;
}

export interface CallOptions<T> {
  /** What the question is about, for messages. */
  readonly about: string;
  readonly schema: z.ZodType<T>;
  readonly timeoutMs: number;
  /** Whether every failure is one that may pass: while a model is looked at, none is a word about a question that was wrong. Default false. */
  readonly everyFailurePasses?: boolean;
}

/**
 * A connection to an inference server that is made when it is needed, one call at a time, each with a time-out. After a failure the connection is given up and
 * a pause follows, in which calls fail at once; the next one connects anew. So nothing is queued, here or at a server that has stopped reading.
 *
 * HTTP/2 keep-alive is not used: servers close connections whose idle time is filled with pings, and the time-out of a call finds a dead one sooner.
 */
export class InferenceClient {
  readonly #address: ServerAddress;
  readonly #credentials: ChannelCredentials;
  #client: Client | undefined;
  #busy = false;
  #closed = false;
  #epoch = 0;
  #failures = 0;
  /** Until when (ms, monotonic) calls fail at once, with this failure. */
  #pause: { readonly untilMs: number; readonly failure: ModelUnavailable } | undefined;

  /** Does not connect. @throws RangeError or Error, one line, for an address that is none or certificates that cannot be read. */
  constructor({ server, rootCertificates, allowPlainText }: InferenceOptions) {
    this.#address = parseServerAddress(server, { allowPlainText });
    this.#credentials = this.#address.tls ? credentials.createSsl(rootCertificates === undefined ? null : readCertificates(rootCertificates)) : credentials.createInsecure();
  }

  get address(): string {
    return this.#address.text;
  }

  /** Counts failures: what was known of the server before one need not hold any more. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A run came through: the next failure is a first one again. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @throws ModelUnavailable when there is no answer that can be used now but may be one later.
   * @throws Error when the server says that the question is wrong or that it failed, or when a call is still under way.
   */
  async call<T>(method: Method, request: object, options: CallOptions<T>): Promise<T> {
    const { about, schema, timeoutMs } = options;
    if (this.#closed) throw new Error(`the connection to the inference server ${this.address} is closed`);
    if (this.#busy) throw new Error(`the inference server ${this.address} was asked while it was still being asked: calls must not overlap`);
    if (this.#pause !== undefined && performance.now() < this.#pause.untilMs) throw this.#pause.failure;
    this.#busy = true;
    try {
      const answer = schema.safeParse(await this.#ask(method, request, timeoutMs));
      if (!answer.success) {
        const issue = answer.error.issues[0]!;
        throw this.failed(`the inference server ${this.address} answers ${method} of ${about} with something else (${issue.path.join(".")}: ${issue.message})`);
      }
      return answer.data;
    } catch (error) {
      throw isServiceError(error) ? this.#failureOf(error, options) : error;
    } finally {
      this.#busy = false;
    }
  }

  /** Gives the connection up and begins a pause. @returns what is to be thrown. */
  failed(sentence: string, cause?: unknown): ModelUnavailable {
    this.#epoch++;
    this.#drop();
    const failure = new ModelUnavailable(sentence, cause === undefined ? {} : { cause });
    this.#pause = { untilMs: performance.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures), failure };
    this.#failures++;
    return failure;
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #ask(method: Method, request: object, timeoutMs: number): Promise<unknown> {
    this.#client ??= new Client(this.#address.target, this.#credentials, {
      // Pictures and populations are larger than the 4 MB that gRPC allows by itself.
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
      // A robot's model is not asked through a proxy of the environment, nor is its server's name looked up for more than its address.
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      // A second try would come after the deadline.
      "grpc.enable_retries": 0,
      // A channel of its own: a new one after a failure must not be handed the old one's connection.
      "grpc.use_local_subchannel_pool": 1,
    });
    const { path, requestSerialize, responseDeserialize } = protocolMethods()[method];
    return new Promise((resolve, reject) => {
      this.#client!.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  }

  #failureOf(error: ServiceError, { about, timeoutMs, everyFailurePasses = false }: CallOptions<unknown>): Error {
    const server = `the inference server ${this.address}`;
    const details = shortened(error.details);
    if (!everyFailurePasses && !PASSING.has(error.code)) return new Error(`${server} failed at ${about}: ${details}`, { cause: error });
    if (error.code === status.DEADLINE_EXCEEDED) return this.failed(`${server} gave no answer about ${about} within ${timeoutMs.toFixed(0)} ms`, error);
    if (error.code === status.UNAVAILABLE) {
      return this.failed(`${server} cannot be reached (${/Last error: (.*?)(?: \(\d{4}-|\. Resolution note|$)/.exec(details)?.[1] ?? details})`, error);
    }
    return this.failed(`${server} does not serve ${about} (${status[error.code]}: ${details})`, error);
  }

  #drop(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

function readCertificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Error(`root certificates ${file} cannot be read (${oneLine(cause instanceof Error ? cause.message : String(cause))}): give a PEM file`, { cause });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && typeof error.details === "string";
}

/** What a server says may have a whole tensor in it. */
function shortened(details: string): string {
  const line = oneLine(details);
  return line.length > LONGEST_DETAILS ? `${line.slice(0, LONGEST_DETAILS)}…` : line;
}
