import sqlite from "node-sqlite3-wasm";
import { open } from "node:fs/promises";

import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";
import { fullTypeName } from "./type-name.js";

import type { StorageFile, StoredMessage, StoredTopic } from "./types.js";

type Row = Readonly<Record<string, number | bigint | string | Uint8Array | null>>;

/** What compressed messages of rosbag2 begin with; CDR begins with 0. */
const ZSTD_MAGIC = 0x28;

/** A file of rosbag2's SQLite storage (.db3). */
export class SqliteFile implements StorageFile {
  readonly topics: readonly StoredTopic[];
  readonly range: StorageFile["range"];
  readonly #file: string;
  readonly #database: sqlite.Database;
  readonly #ids: ReadonlyMap<string, number>;

  private constructor(file: string, database: sqlite.Database) {
    this.#file = file;
    this.#database = database;
    const rows = database.all("SELECT id, name, type, serialization_format AS format FROM topics ORDER BY id") as Row[];
    const counts = new Map((database.all("SELECT topic_id AS id, COUNT(*) AS n FROM messages GROUP BY topic_id") as Row[]).map(({ id, n }) => [Number(id), Number(n)]));
    const definitions = this.#definitions();
    this.#ids = new Map(rows.map(({ id, name }) => [String(name), Number(id)]));
    this.topics = rows.map(({ id, name, type, format }) => {
      const definition = definitions.get(String(type));
      return {
        name: String(name), type: fullTypeName(String(type)), count: counts.get(Number(id)) ?? 0, encoding: String(format),
        schemaEncoding: definition?.encoding, schema: definition?.text,
      };
    });
    const { first, last } = database.get("SELECT MIN(timestamp) AS first, MAX(timestamp) AS last FROM messages") as Row;
    this.range = (first ?? undefined) === undefined ? undefined : { startNs: BigInt(first as number | bigint), endNs: BigInt(last as number | bigint) };
  }

  /** @throws BagError when it cannot be opened or is no bag. */
  static async open(file: string): Promise<SqliteFile> {
    await checkHeader(file);
    let database: sqlite.Database | undefined;
    try {
      database = new sqlite.Database(file, { readOnly: true });
      return new SqliteFile(file, database);
    } catch (error) {
      database?.close();
      const why = oneLine(error);
      throw new BagError(/locked/.test(why) ? `${file} is in use by another process; if by none, remove the folder ${file}.lock that a killed one has left`
        : /no such table/.test(why) ? `${file} is no rosbag2 bag: ${why}`
          : `${file} cannot be read as a rosbag2 bag: ${why}`, { cause: error });
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once; the other storage does not.
  async *messages(topics: ReadonlySet<string>, fromNs: bigint, toNs: bigint): AsyncGenerator<StoredMessage, void, void> {
    const names = new Map([...topics].flatMap((name): [number, string][] => {
      const id = this.#ids.get(name);
      return id === undefined ? [] : [[id, name]];
    }));
    const statement = this.#database.prepare(
      `SELECT topic_id AS topic, timestamp, data FROM messages WHERE topic_id IN (${[...names.keys()].join(",")}) AND timestamp >= ? AND timestamp <= ? ORDER BY timestamp, id`);
    try {
      for (const row of statement.iterate([fromNs, toNs]) as IterableIterator<Row>) {
        const data = row["data"];
        if (!(data instanceof Uint8Array)) throw new BagError(`${this.#file} is damaged: a message without bytes`);
        if (data[0] === ZSTD_MAGIC) {
          throw new BagError(`${this.#file} has compressed messages: convert it first (ros2 bag convert), best to MCAP`);
        }
        yield { topic: names.get(Number(row["topic"]))!, timeNs: BigInt(row["timestamp"] as number | bigint), data };
      }
    } catch (error) {
      throw error instanceof BagError ? error : new BagError(`${this.#file} is damaged: ${oneLine(error)}`, { cause: error });
    } finally {
      statement.finalize();
    }
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  /** By type; newer versions of rosbag2 keep them. */
  #definitions(): ReadonlyMap<string, { readonly encoding: string; readonly text: string }> {
    const there = this.#database.get("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'message_definitions'");
    if (there === null) return new Map();
    const rows = this.#database.all("SELECT topic_type AS type, encoding, encoded_message_definition AS text FROM message_definitions") as Row[];
    return new Map(rows.map(({ type, encoding, text }) => [String(type), { encoding: String(encoding), text: String(text) }]));
  }
}

/** Says in words what SQLite would say in a number. */
async function checkHeader(file: string): Promise<void> {
  let header: Buffer;
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0);
      header = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new BagError(`${file} cannot be opened: ${oneLine(error)}`, { cause: error });
  }
  if (header.subarray(0, 15).toString("latin1") !== "SQLite format 3") {
    throw new BagError(`${file} is no SQLite file${header.length < 4 || header.readUInt32LE(0) !== 0xfd2fb528 ? "" : ": it is compressed; unpack it first (zstd -d)"}`);
  }
  if (header[18] === 2) {
    throw new BagError(`${file} is a SQLite file in WAL mode, as a recorder leaves it that did not end well: run sqlite3 ${file} "PRAGMA journal_mode=DELETE" first`);
  }
}
