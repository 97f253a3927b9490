import { appendFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { type Cell, cellName } from "./cell.js";
import { type EpisodeRecord, episodeRecord } from "./episode-record.js";

/** What all results of a folder have in common, as JSON. */
export type RunSettings = Readonly<Record<string, unknown>>;

const SETTINGS_FILE = "settings.json";
const LINES = ".jsonl";

/**
 * Results of episodes on disk: a file for each cell with one line an episode, written when it has ended, and the settings that they
 * all were made with. An evaluation that was interrupted goes on where it was.
 */
export class ResultsFolder {
  readonly directory: string;
  /** As they were read from JSON. */
  readonly #settings: unknown;

  private constructor(directory: string, settings: unknown) {
    this.directory = directory;
    this.#settings = settings;
  }

  /**
   * Opens a folder, made if need be, for results with these settings.
   *
   * @throws Error with one line when it holds results made with others.
   */
  static async open(directory: string, settings: RunSettings): Promise<ResultsFolder> {
    try {
      await mkdir(directory, { recursive: true });
    } catch (error) {
      throw new Error(`--out ${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    const file = join(directory, SETTINGS_FILE);
    const wanted: unknown = JSON.parse(JSON.stringify(settings));
    const text = await readOrNothing(file);
    if (text === undefined) {
      await writeFileAtomically(file, `${JSON.stringify(wanted, null, 1)}\n`);
    } else {
      refuseOthers(directory, parse(text, file), wanted, "give another --out, or the same settings");
    }
    return new ResultsFolder(directory, wanted);
  }

  /**
   * Takes in the episodes of another folder that this one has not.
   *
   * @throws Error with one line when that is no folder of results, or one of results made with other settings; nothing was taken from it then.
   */
  async take(directory: string): Promise<void> {
    const file = join(directory, SETTINGS_FILE);
    const text = await readOrNothing(file);
    if (text === undefined) throw new Error(`${directory} holds no results: give a folder that eval --out has made`);
    refuseOthers(directory, parse(text, file), this.#settings, "leave it out, or give the same settings");
    for (const records of await new ResultsFolder(directory, this.#settings).readAll()) {
      const cell = records[0]!;
      await this.mend(cell);
      const known = new Set((await this.read(cell)).map(({ seed }) => seed));
      for (const record of records) {
        if (!known.has(record.seed)) await this.append(record);
        known.add(record.seed);
      }
    }
  }

  /** The records of a cell; a last line that was cut off is left out. @throws Error with file and line when another one is damaged. */
  async read(cell: Cell): Promise<EpisodeRecord[]> {
    return (await this.#lines(`${cellName(cell)}${LINES}`)).records;
  }

  /** The records of all cells, by file. */
  async readAll(): Promise<EpisodeRecord[][]> {
    const files = (await readdir(this.directory)).filter((name) => name.endsWith(LINES)).sort();
    const all = await Promise.all(files.map(async (file) => (await this.#lines(file)).records));
    return all.filter((records) => records.length > 0);
  }

  /** Takes away what a killed run left half written, so that the next line begins on its own. Call it before append(). */
  async mend(cell: Cell): Promise<void> {
    const file = `${cellName(cell)}${LINES}`;
    const { records, whole } = await this.#lines(file);
    if (!whole) await writeFileAtomically(join(this.directory, file), records.map(line).join(""));
  }

  async append(record: EpisodeRecord): Promise<void> {
    await appendFile(join(this.directory, `${cellName(record)}${LINES}`), line(record));
  }

  async #lines(name: string): Promise<{ records: EpisodeRecord[]; whole: boolean }> {
    const file = join(this.directory, name);
    const text = await readOrNothing(file) ?? "";
    const rows = text.split("\n");
    // What comes after the last line end is nothing, or half of a line.
    const rest = rows.pop();
    const records = rows.map((row, i) => {
      const read = episodeRecord.safeParse(parse(row, `${file}, line ${i + 1},`));
      if (!read.success) throw new Error(`${file}, line ${i + 1}, is no episode (${read.error.issues[0]?.path.join(".")}: ${read.error.issues[0]?.message}): delete it`);
      return read.data;
    });
    return { records, whole: rest === "" };
  }
}

function line(record: EpisodeRecord): string {
  return `${JSON.stringify(record)}\n`;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: delete it`, { cause: error });
  }
}

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function refuseOthers(directory: string, found: unknown, wanted: unknown, todo: string): void {
  if (!isDeepStrictEqual(found, wanted)) throw new Error(`${directory} holds results made with other settings (${difference(found, wanted)}): ${todo}`);
}

/** The first setting that differs, with both values. */
function difference(found: unknown, wanted: unknown): string {
  const [old, now] = [found, wanted].map((value) => (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>) as
    [Record<string, unknown>, Record<string, unknown>];
  const name = [...Object.keys(now), ...Object.keys(old)].find((key) => !isDeepStrictEqual(old[key], now[key])) ?? "all";
  return `${name}: ${JSON.stringify(old[name])} there, ${JSON.stringify(now[name])} now`;
}
