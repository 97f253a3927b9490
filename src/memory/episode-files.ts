import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { isEpisodeId } from "./episode-id.js";

/** An episode's file on disk. */
export interface EpisodeFile {
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  /** Whether it is never deleted to make room. */
  readonly pinned: boolean;
  /** Whether it is being written, or was when its process ended. */
  readonly part: boolean;
}

/** Ending, behind the other, of files that are being written. */
export const PART = ".part";
const ENDING = ".mcap";
/** An empty file beside an episode: pins must outlive the index, which can be made anew. */
const PIN = ".pin";

/** The folder with the episodes of a memory. */
export function episodesFolder(dir: string): string {
  return join(dir, "episodes");
}

/** Path of an episode that has ended. */
export function episodePath(dir: string, id: string): string {
  return join(episodesFolder(dir), `${id}${ENDING}`);
}

/** All episodes of a memory, the oldest first; none when there is no folder. @throws Error with one line when it cannot be read. */
export function listEpisodeFiles(dir: string): EpisodeFile[] {
  const folder = episodesFolder(dir);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Error(`cannot read the episodes in ${folder}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const there = new Set(names);
  return names.flatMap((name): EpisodeFile[] => {
    const part = name.endsWith(`${ENDING}${PART}`);
    const id = part ? name.slice(0, -(ENDING.length + PART.length)) : name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : "";
    if (!isEpisodeId(id)) return [];
    const path = join(folder, name);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size;
    // Deleted or renamed since the folder was read.
    return bytes === undefined ? [] : [{ id, path, bytes, pinned: there.has(`${id}${PIN}`), part }];
  }).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

export function pinEpisode(dir: string, id: string): void {
  writeFileSync(join(episodesFolder(dir), `${id}${PIN}`), "");
}

export function unpinEpisode(dir: string, id: string): void {
  rmSync(join(episodesFolder(dir), `${id}${PIN}`), { force: true });
}

/** Deletes an episode that has ended, and its pin. */
export function removeEpisode(dir: string, id: string): void {
  rmSync(episodePath(dir, id), { force: true });
  unpinEpisode(dir, id);
}
