import { type Cell, cellName, suiteCells, taskLabel } from "./cell.js";
import type { EpisodeRecord } from "./episode-record.js";
import { summarise } from "./summary.js";
import { markersOf, writeBetweenMarkers } from "./write-between-markers.js";

const TABLE = "eval-table";
export const [TABLE_START, TABLE_END] = markersOf(TABLE);

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

/** Puts the table into a Markdown file that has its markers. @throws Error with one line, as writeBetweenMarkers(). */
export async function updateMarkedTable(file: string, markdown: string): Promise<void> {
  await writeBetweenMarkers(file, TABLE, markdown);
}
