import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";

import { oneLine } from "../text/one-line.js";
import { BagError } from "./bag-error.js";
import { Bag } from "./bag.js";
import { McapFile } from "./mcap-file.js";
import { SqliteFile } from "./sqlite-file.js";

import type { StorageFile } from "./types.js";

/** Endings of the files that are read. */
const OPENERS: Readonly<Record<string, (file: string) => Promise<StorageFile>>> = {
  ".mcap": (file) => McapFile.open(file),
  ".db3": (file) => SqliteFile.open(file),
};

/** Whether a path looks like a bag: a file of that ending, or a folder with such files. */
export async function isBag(path: string): Promise<boolean> {
  if (extname(path) in OPENERS) return true;
  return (await readdir(path).catch((): string[] => [])).some((name) => extname(name) in OPENERS);
}

/**
 * Opens an MCAP file, a rosbag2 SQLite file (.db3), or a rosbag2 folder, whose files are one bag.
 *
 * @throws BagError in one line: not there, no bag, damaged.
 */
export async function openBag(path: string): Promise<Bag> {
  const files = await filesOf(path);
  const opened: StorageFile[] = [];
  try {
    for (const file of files) opened.push(await OPENERS[extname(file)]!(file));
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
  return new Bag(path, opened);
}

async function filesOf(path: string): Promise<string[]> {
  let isFolder: boolean;
  let names: string[] = [];
  try {
    isFolder = (await stat(path)).isDirectory();
    if (isFolder) names = await readdir(path);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new BagError(`${path} ${missing ? "is not there" : `cannot be opened: ${oneLine(error)}`}`, { cause: error });
  }
  if (!isFolder) {
    if (extname(path) in OPENERS) return [path];
    throw new BagError(`${path} is no bag: MCAP files (.mcap), rosbag2 files (.db3) and rosbag2 folders are read`);
  }
  const files = names.filter((name) => extname(name) in OPENERS).sort();
  if (files.length === 0) {
    const packed = names.find((name) => /\.(mcap|db3)\.zstd$/.test(name));
    throw new BagError(`${path} has no .mcap or .db3 file${packed === undefined ? "" : `; ${packed} is compressed: unpack it first (zstd -d)`}`);
  }
  return files.map((file) => join(path, file));
}
