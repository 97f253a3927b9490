import { fullTypeName } from "./type-name.js";

import type { McapTypes } from "@mcap/core";
import type { StoredTopic } from "./types.js";

/** A channel of an MCAP file as a topic. @param schema of the channel; undefined where it has none. */
export function storedTopic({ topic, messageEncoding }: McapTypes.Channel, schema: McapTypes.Schema | undefined, count: number | undefined): StoredTopic {
  return {
    name: topic, type: fullTypeName(schema?.name ?? ""), count, encoding: messageEncoding,
    schemaEncoding: schema?.encoding, schema: schema === undefined ? undefined : new TextDecoder().decode(schema.data),
  };
}
