import { parse } from "@foxglove/rosmsg";
import { ros2jazzy } from "@foxglove/rosmsg-msgs-common";
import { MessageReader } from "@foxglove/rosmsg2-serialization";

import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";
import { shortTypeName } from "./type-name.js";

import type { StoredTopic } from "./types.js";

type Definition = ConstructorParameters<typeof MessageReader>[0][number];

const KNOWN = ros2jazzy as Readonly<Record<string, Definition>>;

/**
 * What turns the bytes of a topic's messages into objects. The definition in the bag goes first; of the common packages the
 * definition is known where the bag (as those of older rosbag2 in SQLite) has none.
 *
 * @throws BagError when the topic's messages are in an encoding that is not read, or nobody says what they look like.
 */
export function messageDecoder(file: string, topic: StoredTopic): (data: Uint8Array) => unknown {
  if (topic.encoding !== "cdr") {
    throw new BagError(`${file}: topic ${topic.name} has messages in ${JSON.stringify(topic.encoding)}; only "cdr" (ROS 2) is read${topic.encoding === "ros1" ? ": convert the bag to ROS 2 first" : ""}`);
  }
  let reader: MessageReader;
  try {
    reader = new MessageReader(definitionsOf(file, topic));
  } catch (error) {
    throw error instanceof BagError ? error : new BagError(`${file}: topic ${topic.name}: its definition of ${topic.type} cannot be read: ${oneLine(error)}`, { cause: error });
  }
  return (data) => {
    try {
      return reader.readMessage(data);
    } catch (error) {
      throw new BagError(`${file}: topic ${topic.name}: a message of ${data.length} bytes is no ${topic.type}: ${oneLine(error)}`, { cause: error });
    }
  };
}

function definitionsOf(file: string, { name, type, schema, schemaEncoding }: StoredTopic): Definition[] {
  if (schema !== undefined && schema.trim() !== "" && schemaEncoding === "ros2msg") {
    return parse(schema, { ros2: true });
  }
  const short = shortTypeName(type);
  const root = KNOWN[short];
  if (root === undefined) {
    throw new BagError(`${file}: topic ${name}: the bag has no definition of ${type}${schemaEncoding === undefined || schemaEncoding === "" ? "" : ` that is read (only in ${schemaEncoding})`}; record it again as MCAP, which keeps definitions`);
  }
  // The root goes first: the reader takes the first one for the message.
  const found = new Map<string, Definition>([[short, root]]);
  const queue = [root];
  for (let definition = queue.pop(); definition !== undefined; definition = queue.pop()) {
    for (const field of definition.definitions) {
      const part = field.isComplex === true ? KNOWN[field.type] : undefined;
      if (part !== undefined && !found.has(field.type)) {
        found.set(field.type, { ...part, name: field.type });
        queue.push(part);
      }
    }
  }
  return [...found.values()];
}
