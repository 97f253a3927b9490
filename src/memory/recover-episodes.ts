import { rmSync, statSync } from "node:fs";

import { episodePath, episodesFolder, listEpisodeFiles } from "./episode-files.js";
import { EpisodeWriter } from "./episode-writer.js";
import { isRunning } from "./process-mark.js";
import { readEncodedEpisode } from "./read-encoded-episode.js";
import { oneLine } from "../text/one-line.js";

/** What recovery did. */
export interface Recovered {
  /** Ids of episodes that are whole files again, with the outcome `interrupted`. */
  readonly recovered: readonly string[];
  /** Ids of episodes in which nothing had been recorded yet: deleted. */
  readonly empty: readonly string[];
  /** One line for each file that cannot be read; they stay as they are. */
  readonly problems: readonly string[];
}

/** A writer that cannot be seen from here has ended when its file is so old. */
const ABANDONED_MS = 600_000;

/**
 * Finishes the episodes that were being written when their process ended. Those of processes that run are left alone.
 *
 * @param dir the memory.
 */
export async function recoverEpisodes(dir: string): Promise<Recovered> {
  const recovered: string[] = [];
  const empty: string[] = [];
  const problems: string[] = [];
  for (const { id, path, part, bytes } of listEpisodeFiles(dir)) {
    if (!part) continue;
    // Killed between the two last steps of a recovery.
    if (statSync(episodePath(dir, id), { throwIfNoEntry: false }) !== undefined) {
      rmSync(path, { force: true });
      continue;
    }
    try {
      const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (bytes === 0) {
        // Made, and not a byte written: by one that was killed, or one that is just about to.
        if (ageMs > ABANDONED_MS) rmSync(path, { force: true });
        continue;
      }
      const episode = await readEncodedEpisode(path);
      const running = episode.writer === undefined ? undefined : isRunning(episode.writer);
      if (running === true || (running === undefined && ageMs < ABANDONED_MS)) continue;
      if (episode.steps.length === 0) {
        rmSync(path, { force: true });
        empty.push(id);
        continue;
      }
      const beside = `.recovered-${process.pid}-${id}`;
      const writer = EpisodeWriter.beginEncoded(episodesFolder(dir), episode.header, episode.goals, beside);
      const happened = [
        ...episode.steps.map((step) => ({ timeS: step.timeS, write: () => { writer.writeEncoded(step); } })),
        ...episode.events.map((event) => ({ timeS: event.timeS, write: () => { writer.note(event); } })),
      ].sort((a, b) => a.timeS - b.timeS);
      try {
        for (const { write } of happened) write();
      } catch (error) {
        writer.abandon();
        throw error;
      }
      writer.end(episode.outcome);
      rmSync(path, { force: true });
      recovered.push(id);
    } catch (error) {
      problems.push(oneLine(error));
    }
  }
  return { recovered, empty, problems };
}
