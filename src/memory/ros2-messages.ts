import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { parse } from "@foxglove/rosmsg";
import { MessageReader, MessageWriter } from "@foxglove/rosmsg2-serialization";

import type { CompressedImageMessage, DiagnosticStatusMessage, JointStateMessage, MultiArrayMessage } from "./message-types.js";

/** What episodes are made of: the standard messages, as ROS 2 Jazzy defines them. */
export interface MessageTypes {
  "sensor_msgs/msg/CompressedImage": CompressedImageMessage;
  "sensor_msgs/msg/JointState": JointStateMessage;
  "std_msgs/msg/Float64": { readonly data: number };
  "std_msgs/msg/Float32MultiArray": MultiArrayMessage<Float32Array>;
  "std_msgs/msg/Float64MultiArray": MultiArrayMessage<Float64Array>;
  "diagnostic_msgs/msg/DiagnosticStatus": DiagnosticStatusMessage;
}

export type MessageTypeName = keyof MessageTypes;

interface Codec {
  readonly text: string;
  readonly writer: MessageWriter;
  readonly reader: MessageReader;
}

const codecs = new Map<MessageTypeName, Codec>();

/** A type's definition with those that it uses, as MCAP's encoding "ros2msg" has it; without comments, which would be most of a short file. */
export function messageDefinition(type: MessageTypeName): string {
  return codecOf(type).text;
}

/** A message as CDR. */
export function encodeMessage<T extends MessageTypeName>(type: T, message: MessageTypes[T]): Uint8Array {
  return codecOf(type).writer.writeMessage(withRoom(message));
}

/** @throws Error when the bytes are no such message. */
export function decodeMessage<T extends MessageTypeName>(type: T, data: Uint8Array): MessageTypes[T] {
  return codecOf(type).reader.readMessage<MessageTypes[T]>(data);
}

/**
 * The library gives a text as many bytes as it has characters, so one that is not ASCII loses its end. With as many zeros behind it as it is
 * longer in UTF-8 it has just its room: the zeros are what is cut off.
 */
function withRoom(value: unknown): unknown {
  if (typeof value === "string") return value.padEnd(Buffer.byteLength(value), "\0");
  if (Array.isArray(value)) return value.map(withRoom);
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withRoom(field)]));
  }
  return value;
}

/** Made when it is first asked for. */
function codecOf(type: MessageTypeName): Codec {
  let codec = codecs.get(type);
  if (codec === undefined) {
    const text = definitionOf(type);
    const definitions = parse(text, { ros2: true });
    codec = { text, writer: new MessageWriter(definitions), reader: new MessageReader(definitions) };
    codecs.set(type, codec);
  }
  return codec;
}

function definitionOf(type: MessageTypeName): string {
  const folder = dirname(createRequire(import.meta.url).resolve("@foxglove/rosmsg-msgs-common/package.json"));
  const file = join(folder, "msgdefs", "ros2jazzy", `${type}.msg`);
  // None of these types has a string constant, in which # would not begin a comment.
  return `${readFileSync(file, "utf8").split("\n").map((line) => line.replace(/#.*$/, "").trimEnd()).filter((line) => line !== "").join("\n")}\n`;
}
