import { wilsonInterval } from "../../src/evaluation/statistics.js";
import { quantile } from "../statistics.js";
import type { Counts } from "./counts.js";
import { PATIENCE, TASKS } from "./measurement.js";

/** Counts as Markdown. */
export function tables({ alpha, episodes, seeds, pictures, successes, alarms, disturbances, goals }: Counts): string {
  return [
    `${episodes} episodes (${TASKS.join(", ")} in turn; seeds ${seeds[0]} to ${seeds[1]}), ${pictures} pictures.`,
    "",
    "| undisturbed episodes | with an alarm | 95 % Wilson interval | by |",
    "|---|---|---|---|",
    `| that went well, stated | at most ${(100 * alpha).toFixed(0)} % | | |`,
    ...([["that went well, measured", true, successes], ["that failed", false, episodes - successes]] as const).map(([name, well, of]) => {
      const those = alarms.filter(({ success }) => success === well);
      return `| ${name} | ${share(those.length, of)} | ${tally(those.map(({ detector }) => detector))} |`;
    }),
    "",
    `| disturbance | found within ${PATIENCE} pictures | 95 % Wilson interval | pictures until then, median / 90 % | by |`,
    "|---|---|---|---|---|",
    ...Object.entries(disturbances).map(([name, { trials, found }]) => {
      const delays = found.map(({ k }) => k);
      const when = found.length === 0 ? "-" : `${quantile(delays, 0.5).toFixed(0)} / ${quantile(delays, 0.9).toFixed(0)}`;
      return `| ${name} | ${share(found.length, trials)} | ${when} | ${tally(found.map(({ detector }) => detector))} |`;
    }),
    "",
    "| goal picture | refused | 95 % Wilson interval |",
    "|---|---|---|",
    ...Object.entries(goals).map(([kind, { refused, trials }]) => `| ${kind} | ${share(refused, trials)} |`),
  ].join("\n");
}

/** Two cells: the share, and its interval. */
function share(count: number, of: number): string {
  if (of === 0) return "- | -";
  const [low, high] = wilsonInterval(count, of);
  return `${(100 * count / of).toFixed(1)} % (${count} of ${of}) | ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;
}

/** How often each was there, the most frequent first. */
function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`).join(", ") || "-";
}
