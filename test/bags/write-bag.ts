import { McapWriter } from "@mcap/core";
import { FileHandleWritable } from "@mcap/nodejs";
import { parse } from "@foxglove/rosmsg";
import { MessageWriter } from "@foxglove/rosmsg2-serialization";
import { open } from "node:fs/promises";
import sqlite from "node-sqlite3-wasm";

import type { RgbImage } from "../../src/camera/types.js";

const HEADER = `std_msgs/Header header
${"=".repeat(80)}
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
${"=".repeat(80)}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec`;
const withHeader = (fields: string): string => HEADER.replace("header\n", `header\n${fields}\n`);

/** Definitions as rosbag2 writes them. */
export const DEFINITIONS: Readonly<Record<string, string>> = {
  "sensor_msgs/msg/Image": withHeader("uint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\nuint8[] data"),
  "sensor_msgs/msg/CompressedImage": withHeader("string format\nuint8[] data"),
  "sensor_msgs/msg/JointState": withHeader("string[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort"),
  "std_msgs/msg/Float64": "float64 data",
  "own_msgs/msg/Weight": "float32 kilograms\nstring thing",
};

export interface WrittenMessage {
  readonly topic: string;
  readonly type: string;
  /** Of the bag's begin, s. */
  readonly timeS: number;
  readonly message: unknown;
}

/** When the bags of the tests begin, nanoseconds. */
export const BEGIN_NS = 1_795_000_000_123_456_789n;

export const HEADER_MESSAGE = { stamp: { sec: 1, nanosec: 2 }, frame_id: "camera" };

/** A picture of one colour as a message. */
export function imageMessage(image: RgbImage): object {
  return { header: HEADER_MESSAGE, height: image.height, width: image.width, encoding: "rgb8", is_bigendian: 0, step: image.width * 3, data: image.data };
}

export function plainPicture(value: number, width = 8, height = 6): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

function nanoseconds(timeS: number): bigint {
  return BEGIN_NS + BigInt(Math.round(timeS * 1e9));
}

function bytesOf(type: string, message: unknown): Uint8Array {
  return new MessageWriter(parse(DEFINITIONS[type]!, { ros2: true })).writeMessage(message);
}

/** Writes an MCAP file as rosbag2 does. @param given how: without chunks and index; what the messages are said to be in. */
export async function writeMcap(file: string, messages: readonly WrittenMessage[], given: { readonly useChunks?: boolean; readonly encoding?: string } = {}): Promise<void> {
  const handle = await open(file, "w");
  const writer = new McapWriter({ writable: new FileHandleWritable(handle), useChunks: given.useChunks ?? true, chunkSize: 1000 });
  await writer.start({ profile: "ros2", library: "test" });
  const channels = new Map<string, number>();
  for (const { topic, type, timeS, message } of messages) {
    let channelId = channels.get(topic);
    if (channelId === undefined) {
      const schemaId = await writer.registerSchema({ name: type, encoding: "ros2msg", data: new TextEncoder().encode(DEFINITIONS[type]) });
      channelId = await writer.registerChannel({ schemaId, topic, messageEncoding: given.encoding ?? "cdr", metadata: new Map() });
      channels.set(topic, channelId);
    }
    await writer.addMessage({ channelId, sequence: 0, logTime: nanoseconds(timeS), publishTime: nanoseconds(timeS), data: bytesOf(type, message) });
  }
  await writer.end();
  await handle.close();
}

/** Writes a .db3 file as rosbag2 does. @param given whether with the table of definitions, which older versions have not. */
export function writeSqlite(file: string, messages: readonly WrittenMessage[], given: { readonly definitions?: boolean } = {}): void {
  const database = new sqlite.Database(file);
  database.exec("CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL)");
  database.exec("CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)");
  database.exec("CREATE INDEX timestamp_idx ON messages (timestamp ASC)");
  if (given.definitions === true) {
    database.exec("CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL, encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL)");
  }
  const ids = new Map<string, number>();
  const known = new Set<string>();
  for (const { topic, type, timeS, message } of messages) {
    if (!ids.has(topic)) {
      ids.set(topic, ids.size + 1);
      database.run("INSERT INTO topics VALUES (?, ?, ?, 'cdr', '')", [ids.get(topic)!, topic, type]);
    }
    if (given.definitions === true && !known.has(type)) {
      known.add(type);
      database.run("INSERT INTO message_definitions (topic_type, encoding, encoded_message_definition, type_description_hash) VALUES (?, 'ros2msg', ?, '')", [type, DEFINITIONS[type]!]);
    }
    database.run("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", [ids.get(topic)!, nanoseconds(timeS), bytesOf(type, message)]);
  }
  database.close();
}
