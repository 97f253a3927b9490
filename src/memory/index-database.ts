import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import sqlite from "node-sqlite3-wasm";

import { oneLine } from "../text/one-line.js";
import { withLock } from "./folder-lock.js";

export type Database = InstanceType<typeof sqlite.Database>;

/** Another one's tables are thrown away and filled again. */
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE episodes (
    id TEXT PRIMARY KEY, bytes INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT NOT NULL, source TEXT NOT NULL,
    bundle TEXT NOT NULL, encoder_sha256 TEXT NOT NULL, rollout_sha256 TEXT NOT NULL, goal TEXT NOT NULL, reached_below REAL NOT NULL, period_s REAL NOT NULL,
    latent_dim INTEGER NOT NULL, action_dim INTEGER NOT NULL, outcome TEXT NOT NULL, sentence TEXT NOT NULL, hold_reason TEXT, steps INTEGER NOT NULL,
    dropped_steps INTEGER NOT NULL, start_energy REAL, end_energy REAL, success INTEGER, final_distance_m REAL
  ) WITHOUT ROWID;
  CREATE TABLE goals (
    episode TEXT NOT NULL REFERENCES episodes ON DELETE CASCADE, sub_goal INTEGER NOT NULL, name TEXT NOT NULL, latent BLOB NOT NULL,
    PRIMARY KEY (episode, sub_goal)
  ) WITHOUT ROWID;
  CREATE TABLE steps (
    episode TEXT NOT NULL REFERENCES episodes ON DELETE CASCADE, step INTEGER NOT NULL, sub_goal INTEGER NOT NULL, time_s REAL NOT NULL,
    latent BLOB NOT NULL, state BLOB NOT NULL, actions BLOB NOT NULL, step_energies BLOB NOT NULL, start_energy REAL, energy REAL,
    PRIMARY KEY (episode, step)
  ) WITHOUT ROWID;
  CREATE TABLE damaged (id TEXT PRIMARY KEY, bytes INTEGER NOT NULL, problem TEXT NOT NULL) WITHOUT ROWID;
`;

/**
 * The SQLite file of a memory. It holds nothing that the episodes' files do not: whatever is wrong with it, it is thrown away and filled again.
 *
 * This build of SQLite runs in WebAssembly. Its own locks are folders that stay when a process is killed, and it does not roll back what
 * another process left half written (it takes its own lock for another's). So a lock of ours goes round it, and after a kill in the
 * middle of a commit the file is made anew.
 */
export class IndexDatabase {
  readonly #file: string;
  readonly #lock: string;

  /** @param dir the memory; made when it is not there. @throws Error of the file system. */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#file = join(dir, "index.sqlite");
    this.#lock = join(dir, "index.lock");
  }

  /**
   * Does something with the tables, in one transaction; nobody else has them meanwhile.
   *
   * @throws Error with one line; then nothing was changed.
   */
  async use<T>(work: (database: Database) => T): Promise<T> {
    try {
      return await withLock(this.#lock, () => {
        try {
          return this.#transaction(work);
        } catch (error) {
          if (!/malformed|not a database/.test(oneLine(error))) throw error;
          this.#remove();
          return this.#transaction(work);
        }
      });
    } catch (error) {
      throw new Error(`memory index ${this.#file}: ${oneLine(error)}`, { cause: error });
    }
  }

  /** Forgets all that is in the tables. */
  async clear(): Promise<void> {
    await withLock(this.#lock, () => { this.#remove(); });
  }

  #transaction<T>(work: (database: Database) => T): T {
    if ((statSync(`${this.#file}-journal`, { throwIfNoEntry: false })?.size ?? 0) > 0) this.#remove();
    // Nobody holds it: whoever would is behind our own lock.
    rmSync(`${this.#file}.lock`, { recursive: true, force: true });
    const database = new sqlite.Database(this.#file);
    try {
      const version = Number(database.get("PRAGMA user_version")?.["user_version"] ?? 0);
      // Waiting for the disk some times a commit would keep a node from leaving; what a power cut spoils is made anew.
      database.exec("PRAGMA synchronous = OFF");
      database.exec("BEGIN");
      if (version !== VERSION) {
        for (const { name } of database.all("SELECT name FROM sqlite_master WHERE type = 'table'")) database.exec(`DROP TABLE "${String(name)}"`);
        database.exec(SCHEMA);
        database.exec(`PRAGMA user_version = ${VERSION}`);
      }
      const result = work(database);
      database.exec("COMMIT");
      return result;
    } catch (error) {
      if (database.inTransaction) database.exec("ROLLBACK");
      throw error;
    } finally {
      database.close();
    }
  }

  #remove(): void {
    for (const ending of ["", "-journal"]) rmSync(`${this.#file}${ending}`, { force: true });
    rmSync(`${this.#file}.lock`, { recursive: true, force: true });
  }
}
