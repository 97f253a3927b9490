import { CHANGE_SENTENCES, type RobotChangeName } from "../../sim/robot-changes.js";
import { median, quantile, wilsonInterval } from "../../src/evaluation/statistics.js";
import { markdownTable } from "../markdown-table.js";
import type { EpisodeResult, MemoryResults } from "./results.js";

const percent = (share: number): string => (100 * share).toFixed(0);
const cm = (metres: number, digits = 1): string => Number.isNaN(metres) ? "" : (100 * metres).toFixed(digits);

/** Success with its interval, steps, distance, plan time. */
function counts(episodes: readonly EpisodeResult[]): string[] {
  const successes = episodes.filter(({ success }) => success).length;
  const [low, high] = wilsonInterval(successes, episodes.length);
  const plans = episodes.flatMap(({ planMs }) => planMs);
  return [
    `${successes} of ${episodes.length}`, `${percent(low)} to ${percent(high)} %`, String(median(episodes.map(({ steps }) => steps))),
    (episodes.reduce((sum, { steps }) => sum + steps, 0) / Math.max(1, episodes.length)).toFixed(1), `${cm(median(episodes.map(({ distanceM }) => distanceM)))} cm`,
    `${median(plans).toFixed(0)} / ${quantile(plans, 0.99).toFixed(0)} ms`,
  ];
}

const COUNTS = ["success", "95 % Wilson interval", "steps, median", "mean", "final distance, median", "plan, median / 99 %"];
const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/** What was measured, as Markdown. */
export function tables({ changed, repeats }: MemoryResults): string {
  const parts: string[] = [];
  if (changed.length > 0) {
    const names = [...new Set(changed.map(({ name }) => name))];
    parts.push(
      `**Changed robots.** ${names.filter((name) => name in CHANGE_SENTENCES).map((name) => `*${name}*: ${CHANGE_SENTENCES[name as RobotChangeName]}`).join(". ")}. ` +
      `A robot keeps what it learns over its episodes, through a restart in its middle (${changed.reduce((sum, { restarts }) => sum + restarts, 0)} restarts, after each of which all that was learned was the same); ` +
      `${changed[0]!.lives} robots of each kind, which begin knowing nothing. Stops on surprise are off.`,
      markdownTable(["robot, task", "correction", ...COUNTS, "tool, one step ahead: model", "corrected"], changed.map(({ name, task, adapted, episodes, errors }) => [
        `${name}, ${task}`, adapted ? "on" : "off", ...counts(episodes), `${cm(rms(errors.modelM), 2)} cm`, errors.correctedM.length === 0 ? "" : `${cm(rms(errors.correctedM), 2)} cm`,
      ])),
      "The last columns are root mean squares of how far the tool is seen from where it was predicted, a period ahead.",
    );
    const learned = changed.filter(({ adapted, learned: lines }) => adapted && lines.length > 0);
    parts.push(["What the first robot of each kind had learned at its end:", "", ...learned.map(({ name, task, learned: [first] }) => `- ${name}, ${task}: ${first}`)].join("\n"));
  }
  if (repeats.length > 0) {
    const lookUps = repeats.flatMap(({ lookUpMs }) => lookUpMs);
    parts.push(
      "**The same task again and again**, with other random numbers each time; with memory, all repeats before are remembered.",
      markdownTable(["task", "memory", ...COUNTS, "energy of the first plan, median"], repeats.map(({ name, memory, episodes, firstEnergies }) => [
        name, memory ? "on" : "off", ...counts(episodes), median(firstEnergies).toFixed(3),
      ])),
      lookUps.length === 0 ? "" : `A look-up takes ${median(lookUps).toFixed(1)} ms (median of ${lookUps.length}; 99 %: ${quantile(lookUps, 0.99).toFixed(1)} ms), once for each search that begins from nothing.`,
    );
  }
  return parts.filter((part) => part !== "").join("\n\n");
}
