import { readFile } from "node:fs/promises";

import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { type Cell, cellName, suiteCells, taskLabel } from "./cell.js";
import type { EpisodeRecord } from "./episode-record.js";
import { summarise } from "./summary.js";

export const TABLE_START = "<!-- eval-table:start -->";
export const TABLE_END = "<!-- eval-table:end -->";

/** One Markdown table of cells' records, in the order of the suite. */
export function resultsTable(cells: readonly (readonly EpisodeRecord[])[]): string {
  const order = new Map(suiteCells().map((cell, i) => [cellName(cell), i]));
  const place = (records: readonly EpisodeRecord[]): number => order.get(cellName(records[0]!)) ?? Infinity;
  const rows = cells.filter((records) => records.length > 0).sort((a, b) => place(a) - place(b)).map(row);
  return [
    "| task | environment | policy | success | 95 % Wilson interval | final distance, median | steps, median | plan, median / 99 % |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function row(records: readonly EpisodeRecord[]): string {
  const cell: Cell = records[0]!;
  const summary = summarise(records);
  const percent = (share: number): string => (100 * share).toFixed(1);
  const plan = summary.plan_ms === null ? "" : `${summary.plan_ms.median.toFixed(0)} / ${summary.plan_ms.p99.toFixed(0)} ms`;
  return `| ${[
    taskLabel(cell).replace("-cube", ", cube").replace("-cup", ", cup"), cell.environment, cell.policy,
    `${percent(summary.success_rate)} % (${summary.successes} of ${summary.episodes})`,
    `${percent(summary.wilson_95[0])} to ${percent(summary.wilson_95[1])} %`,
    `${(100 * summary.final_distance_m.median).toFixed(1)} cm`, summary.steps.median, plan,
  ].join(" | ")} |`;
}

/**
 * Puts a table between the markers of a Markdown file, which stays as it is around them.
 *
 * @throws Error with one line naming the file when it has not both markers, once and in order.
 */
export async function updateMarkedTable(file: string, markdown: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const [start, end] = [text.indexOf(TABLE_START), text.indexOf(TABLE_END)];
  if (start < 0 || end < start || text.lastIndexOf(TABLE_START) !== start || text.lastIndexOf(TABLE_END) !== end) {
    throw new Error(`${file} needs the lines ${TABLE_START} and ${TABLE_END}, once each, where the table is to be`);
  }
  await writeFileAtomically(file, `${text.slice(0, start)}${TABLE_START}\n\n${markdown}\n\n${text.slice(end)}`);
}
