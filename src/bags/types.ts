/** A topic of a bag. */
export interface BagTopic {
  readonly name: string;
  /** As ROS 2 has it: "sensor_msgs/msg/Image". */
  readonly type: string;
  /** Messages on it; undefined where the bag does not say. */
  readonly count: number | undefined;
}

/** A message of a bag. */
export interface BagMessage<T = unknown> {
  readonly topic: BagTopic;
  /** When it was recorded: nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** The same, of the bag's begin, s. */
  readonly timeS: number;
  /**
   * Deserialised when it is asked for; fields as the message definition names them, arrays of numbers as typed arrays.
   *
   * @throws Error with one line when the bytes do not fit the definition.
   */
  readonly message: T;
}

/** What to read of a topic. */
export interface BagSpan {
  /** Of the bag's begin, s. Default: the begin. */
  readonly fromS?: number;
  /** Included. Default: the end. */
  readonly toS?: number;
}

/** How a topic's messages are laid out, as its file says. */
export interface StoredTopic extends BagTopic {
  /** "cdr", or what else the file says. */
  readonly encoding: string;
  /** "ros2msg", or what else; undefined where the file has no definition. */
  readonly schemaEncoding: string | undefined;
  /** The definition's text; undefined where the file has none. */
  readonly schema: string | undefined;
}

/** A message as its file has it. The bytes are nobody else's. */
export interface StoredMessage {
  readonly topic: string;
  readonly timeNs: bigint;
  readonly data: Uint8Array;
}

/** One file of a bag. */
export interface StorageFile {
  readonly topics: readonly StoredTopic[];
  /** Time of the first and of the last message; undefined when there is none. */
  readonly range: { readonly startNs: bigint; readonly endNs: bigint } | undefined;
  /** Messages of these topics in the order of their times, both ends included. */
  messages(topics: ReadonlySet<string>, fromNs: bigint, toNs: bigint): AsyncGenerator<StoredMessage, void, void>;
  close(): Promise<void>;
}
