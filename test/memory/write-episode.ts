import { EpisodeWriter } from "../../src/memory/episode-writer.js";
import { episodesFolder } from "../../src/memory/episode-files.js";

import type { Episode } from "../../src/memory/episode.js";

/** Writes a whole episode into a memory. @returns its file. */
export async function writeEpisode(dir: string, { header, steps, events, outcome }: Episode): Promise<string> {
  const writer = await EpisodeWriter.begin(episodesFolder(dir), header);
  for (const event of events) writer.note(event);
  for (const step of steps) await writer.write(step);
  return writer.end(outcome);
}
