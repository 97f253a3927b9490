import type { IndexedEpisode, MemoryIndex } from "../memory/memory-index.js";

/** The index of the memory that the option names, brought up to date; loaded late, as what it needs is. Files that cannot be read are told on standard error. */
export async function openMemory(option: string | undefined): Promise<MemoryIndex> {
  const [{ MemoryIndex }, { memoryDir }] = await Promise.all([import("../memory/memory-index.js"), import("../memory/memory-dir.js")]);
  const dir = memoryDir(option);
  const index = await MemoryIndex.open(dir);
  for (const problem of (await index.update()).problems) process.stderr.write(`memory: ${problem}\n`);
  return index;
}

/** The id of the episode that an argument means. @throws Error with one line when it means none, or one that is being written. */
export async function endedEpisode(named: string, memory: string | undefined): Promise<string> {
  const [{ findEpisode }, { listEpisodeFiles }, { memoryDir }] = await Promise.all([
    import("./find-episode.js"), import("../memory/episode-files.js"), import("../memory/memory-dir.js"),
  ]);
  const dir = memoryDir(memory);
  const path = await findEpisode(named, dir);
  const file = listEpisodeFiles(dir).find((each) => each.path === path);
  if (file === undefined) throw new Error(`${path} is not an episode of the memory ${dir}`);
  if (file.part) throw new Error(`episode ${file.id} has not ended: it is being written, or wants jepa-mpc memory recover`);
  return file.id;
}

/** Bytes for people: 9.3 MB. */
export function sizeText(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${(bytes / unit).toPrecision(3)} ${name}`;
}

/** An episode's outcome in a word or two. */
export function outcomeText({ outcome, holdReason, success }: IndexedEpisode): string {
  return `${outcome}${outcome === "held" && holdReason !== undefined ? `: ${holdReason}` : ""}${success === undefined ? "" : success ? ", true success" : ", true failure"}`;
}
