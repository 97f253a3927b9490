import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import { type Cell, cellName } from "./cell.js";
import type { EpisodeRecord } from "./episode-record.js";
import type { Job, WorkerSetup } from "./episode-worker.js";
import { evaluate } from "./evaluate.js";
import { writeEpisodeStrip } from "./failure-strip.js";
import { ORACLE_REACHED_BELOW } from "./oracle-world-model.js";
import type { ResultsFolder } from "./results-folder.js";

/** A cell and the seeds that it is to have. */
export interface CellPlan {
  readonly cell: Cell;
  readonly firstSeed: number;
  readonly episodes: number;
}

export interface RunOptions extends WorkerSetup {
  readonly plans: readonly CellPlan[];
  readonly workers: number;
  /** Where results are kept and found again; without it nothing is. */
  readonly folder?: ResultsFolder;
  /** Failures of a cell that are drawn, in `failures/` of the folder. */
  readonly keepFailures: number;
  /** The bundle's threshold, for the drawings. */
  readonly reachedBelow: number;
  /** Called with how many of all episodes there are, those of earlier runs included. */
  readonly onProgress: (done: number) => void;
}

/**
 * Runs what is not there yet of some cells.
 *
 * @returns the records of each cell's seeds, by seed, in the order of the plans.
 * @throws Error with one line when an episode cannot be run; what had ended is in the folder.
 */
export async function runCells(options: RunOptions): Promise<EpisodeRecord[][]> {
  const { plans, workers, folder, keepFailures, reachedBelow, onProgress, ...setup } = options;
  const records = new Map<string, Map<number, EpisodeRecord>>();
  const jobs: Job[] = [];
  for (const { cell, firstSeed, episodes } of plans) {
    await folder?.mend(cell);
    const known = new Map((await folder?.read(cell) ?? []).map((record) => [record.seed, record]));
    const mine = new Map<number, EpisodeRecord>();
    for (let seed = firstSeed; seed < firstSeed + episodes; seed++) {
      const record = known.get(seed);
      if (record === undefined) jobs.push({ cell, seed });
      else mine.set(seed, record);
    }
    records.set(cellName(cell), mine);
  }
  const count = (): number => [...records.values()].reduce((sum, mine) => sum + mine.size, 0);
  onProgress(count());
  const drawn = folder === undefined ? new Map<string, number>() : await countFailures(folder.directory);
  await evaluate({
    ...setup, jobs, workers,
    onEpisode: async (result) => {
      const { record } = result;
      const name = cellName(record);
      // Drawn first: a run that is killed in between does the episode again and misses no picture.
      if (folder !== undefined && !record.success && (drawn.get(name) ?? 0) < keepFailures) {
        drawn.set(name, (drawn.get(name) ?? 0) + 1);
        const file = join(folder.directory, "failures", `${name}.${record.seed}.png`);
        await writeEpisodeStrip(file, result, record.policy === "oracle" ? ORACLE_REACHED_BELOW : reachedBelow);
      }
      await folder?.append(record);
      records.get(name)!.set(record.seed, record);
      onProgress(count());
    },
  });
  return plans.map(({ cell }) => [...records.get(cellName(cell))!.values()].sort((a, b) => a.seed - b.seed));
}

/** How many failures of each cell are drawn already; makes the folder. */
async function countFailures(directory: string): Promise<Map<string, number>> {
  const folder = join(directory, "failures");
  await mkdir(folder, { recursive: true });
  const counts = new Map<string, number>();
  for (const file of await readdir(folder)) {
    const name = file.replace(/\.\d+\.png$/, "");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
