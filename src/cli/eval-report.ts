import { taskOf } from "../../sim/tasks.js";
import { type Cell, type Policy, taskLabel } from "../evaluation/cell.js";
import { writeScatter } from "../plots/chart.js";
import { table } from "./print.js";

import type { EpisodeRecord } from "../evaluation/episode-record.js";
import type { RobotDescription } from "../robot/robot-description.js";
import type { Summary } from "../evaluation/summary.js";

const cm = (metres: number): string => `${(100 * metres).toFixed(1)} cm`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A cell's summary for people. @param bundle the world model's name. @param robot the arm. Default: the demo arm. */
export function summaryLines(cell: Cell, bundle: string, firstSeed: number, s: Summary, robot?: RobotDescription): string[] {
  const { rule, startDistance } = taskOf(cell.task, robot);
  return table([
    ["task", `${taskLabel(cell)}, environment ${cell.environment}, ${who(cell.policy, bundle)}, ${s.episodes} episodes from seed ${firstSeed}`],
    ["rule", rule(cell.object ?? "cube")],
    ["success", `${percent(s.success_rate)} (${s.successes} of ${s.episodes}; 95 % Wilson interval ${percent(s.wilson_95[0])} to ${percent(s.wilson_95[1])})`],
    ["start distance", `${startDistance.of} ${cm(s.start_distance_m.min)} to ${cm(s.start_distance_m.max)}, median ${cm(s.start_distance_m.median)}`],
    ...s.bins.map((bin) => [
      `  ${Number((100 * bin.from_m).toFixed(1))} to ${cm(bin.to_m)}`,
      bin.episodes === 0 ? "none" : `${percent(bin.successes / bin.episodes)} (${bin.successes} of ${bin.episodes}; ${percent(bin.wilson_95[0])} to ${percent(bin.wilson_95[1])})`,
    ]),
    ["final distance", `median ${cm(s.final_distance_m.median)}, 95 % within ${cm(s.final_distance_m.p95)}, largest ${cm(s.final_distance_m.max)}`],
    ["nearest on the way", `median ${cm(s.best_distance_m.median)}`],
    ["steps", `median ${s.steps.median}, most ${s.steps.max}`],
    ...(s.sub_goals_done.length <= 2 ? [] : [["sub-goals done", s.sub_goals_done.map((count, done) => `${done}: ${count}`).join(", ")]]),
    ...(s.parts_done === null ? [] : [["things done", s.parts_done.map((count, done) => `${done} of ${s.parts_done!.length - 1}: ${count}`).join(", ")]]),
    ["declared reached", `${s.declared_reached} of ${s.episodes}`],
    ...(s.plan_ms === null ? [] : [["plan time", `median ${s.plan_ms.median.toFixed(0)} ms, 99th percentile ${s.plan_ms.p99.toFixed(0)} ms`]]),
  ]);
}

function who(policy: Policy, bundle: string): string {
  return policy === "jepa" ? `bundle ${bundle}` : `policy ${policy}`;
}

/** Draws start against final distances as PNG. */
export async function writeDistanceChart(file: string, cell: Cell, bundle: string, s: Summary, records: readonly EpisodeRecord[], robot?: RobotDescription): Promise<void> {
  const { rule, toleranceM, startDistance } = taskOf(cell.task, robot);
  const points = (success: boolean): (readonly [number, number])[] =>
    records.filter((r) => r.success === success).map((r) => [100 * r.start_distance_m, 100 * r.final_distance_m] as const);
  await writeScatter(file, {
    title: `${taskLabel(cell)}: ${s.successes} of ${s.episodes}, ${rule(cell.object ?? "cube")}`,
    subtitle: `${who(cell.policy, bundle)}, environment ${cell.environment}; 95 % Wilson interval ${(100 * s.wilson_95[0]).toFixed(1)} to ${(100 * s.wilson_95[1]).toFixed(1)} %`,
    xTitle: `start distance (${startDistance.of}, cm)`, yTitle: "final distance (cm)",
    series: [{ name: "done", points: points(true) }, { name: "not done", points: points(false) }].filter((series) => series.points.length > 0),
    rules: toleranceM > 0 ? [{ axis: "y", value: 100 * toleranceM, label: "tolerance" }] : [],
  });
}
