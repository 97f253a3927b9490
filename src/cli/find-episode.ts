import { existsSync, statSync } from "node:fs";

import type { EpisodeFile } from "../memory/episode-files.js";

/** Yargs options of all commands that take an episode. */
export const EPISODE_ARGUMENT = { type: "string", demandOption: true, describe: "An episode's file, its id or the beginning of it, or last: the newest" } as const;
export const MEMORY_OPTION = {
  type: "string", requiresArg: true, describe: "Folder of the memory [default: $JEPA_MPC_MEMORY, else the user's data folder]",
} as const;

/**
 * The file that an argument means: a path, an episode's id, the beginning of one id alone, or `last`.
 * @throws Error with one line when there is none, or more than one.
 */
export async function findEpisode(named: string, memory: string | undefined): Promise<string> {
  if (existsSync(named) && statSync(named).isFile()) return named;
  const { memoryDir } = await import("../memory/memory-dir.js");
  const { listEpisodeFiles } = await import("../memory/episode-files.js");
  const dir = memoryDir(memory);
  const files = listEpisodeFiles(dir);
  if (files.length === 0) throw new Error(`${JSON.stringify(named)} is no file, and there are no episodes in ${dir}`);
  if (named === "last") return files.at(-1)!.path;
  const found = files.filter(({ id }) => id.startsWith(named));
  const exact = found.find(({ id }) => id === named) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) return exact.path;
  throw new Error(found.length === 0
    ? `no episode ${JSON.stringify(named)}: it is no file, and of the ${files.length} in ${dir} none begins so; the newest is ${files.at(-1)!.id}`
    : `${JSON.stringify(named)} is the beginning of ${found.length} episodes: ${shortList(found)}`);
}

function shortList(files: readonly EpisodeFile[]): string {
  const first = files.slice(0, 3).map(({ id }) => id).join(", ");
  return files.length > 3 ? `${first} and others` : first;
}
