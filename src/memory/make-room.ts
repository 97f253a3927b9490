import { listEpisodeFiles, removeEpisode, type EpisodeFile } from "./episode-files.js";

/** Which files go so that the others have at most so many bytes. */
export interface Room {
  /** The oldest first; never one that is pinned or being written. */
  readonly go: readonly EpisodeFile[];
  /** Of those that stay. */
  readonly bytes: number;
}

/** Chooses what is deleted: the oldest first, whole files, until the rest fits. @param files the oldest first. */
export function chooseOldest(files: readonly EpisodeFile[], maxBytes: number): Room {
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const go: EpisodeFile[] = [];
  for (const file of files) {
    if (bytes <= maxBytes) break;
    if (file.pinned || file.part) continue;
    go.push(file);
    bytes -= file.bytes;
  }
  return { go, bytes };
}

/** Deletes the oldest episodes of a memory until the rest has at most so many bytes. @returns what went, and what is left, which may be more. */
export function makeRoom(dir: string, maxBytes: number): Room {
  const room = chooseOldest(listEpisodeFiles(dir), maxBytes);
  for (const { id } of room.go) removeEpisode(dir, id);
  return room;
}
