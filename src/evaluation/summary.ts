import { taskOf } from "../../sim/tasks.js";
import type { RobotDescription } from "../robot/robot-description.js";
import type { EpisodeRecord } from "./episode-record.js";
import { median, quantile, wilsonInterval } from "./statistics.js";

/** Success over a range of start distances, from included to excluded (the last range: included). */
export interface DistanceBin {
  readonly from_m: number;
  readonly to_m: number;
  readonly episodes: number;
  readonly successes: number;
  readonly wilson_95: readonly [number, number];
}

/** What is reported of a cell's episodes; distances in m, times in ms. Without a plan, plan_ms is null. */
export interface Summary {
  readonly episodes: number;
  readonly successes: number;
  readonly success_rate: number;
  readonly wilson_95: readonly [number, number];
  readonly start_distance_m: { readonly min: number; readonly median: number; readonly max: number };
  readonly bins: readonly DistanceBin[];
  readonly final_distance_m: { readonly median: number; readonly p90: number; readonly p95: number; readonly max: number };
  readonly best_distance_m: { readonly median: number };
  readonly steps: { readonly median: number; readonly max: number };
  /** Episodes by how many of the task's things were done at the end, [things + 1]; null for tasks that are one. */
  readonly parts_done: readonly number[] | null;
  readonly declared_reached: number;
  /** Episodes by how many sub-goals lay behind them at the end, [sub-goals + 1]. */
  readonly sub_goals_done: readonly number[];
  readonly plan_ms: { readonly median: number; readonly p99: number } | null;
}

/** @param records of one task, at least one. @param robot the arm. Default: the demo arm. */
export function summarise(records: readonly EpisodeRecord[], robot?: RobotDescription): Summary {
  const successes = records.filter((record) => record.success).length;
  const of = (pick: (record: EpisodeRecord) => number): number[] => records.map(pick);
  const start = of((record) => record.start_distance_m);
  const final = of((record) => record.final_distance_m);
  const planMs = records.flatMap((record) => record.plan_ms);
  const subGoals = Math.max(...of((record) => record.sub_goals));
  const parts = Math.max(...of((record) => record.parts ?? 0));
  return {
    episodes: records.length,
    successes,
    success_rate: successes / records.length,
    wilson_95: wilsonInterval(successes, records.length),
    start_distance_m: { min: Math.min(...start), median: median(start), max: Math.max(...start) },
    bins: binByStart(records, taskOf(records[0]!.task, robot).startDistance.edgesM),
    final_distance_m: { median: median(final), p90: quantile(final, 0.9), p95: quantile(final, 0.95), max: Math.max(...final) },
    best_distance_m: { median: median(of((record) => record.best_distance_m)) },
    steps: { median: median(of((record) => record.steps)), max: Math.max(...of((record) => record.steps)) },
    parts_done: parts === 0 ? null : Array.from({ length: parts + 1 }, (_, done) => records.filter((record) => record.parts_done === done).length),
    declared_reached: records.filter((record) => record.ended.startsWith("Reached")).length,
    sub_goals_done: Array.from({ length: subGoals + 1 }, (_, done) => records.filter((record) => record.sub_goals_done === done).length),
    plan_ms: planMs.length === 0 ? null : { median: median(planMs), p99: quantile(planMs, 0.99) },
  };
}

/** @param edgesM rising; what lies outside counts to the first or last bin: a start comes to rest where it does. */
export function binByStart(records: readonly EpisodeRecord[], edgesM: readonly number[]): DistanceBin[] {
  const bins = edgesM.length - 1;
  const binOf = (record: EpisodeRecord): number =>
    Math.min(bins - 1, Math.max(0, edgesM.findLastIndex((edge) => record.start_distance_m >= edge)));
  return Array.from({ length: bins }, (_, bin) => {
    const inside = records.filter((record) => binOf(record) === bin);
    const successes = inside.filter((record) => record.success).length;
    return { from_m: edgesM[bin]!, to_m: edgesM[bin + 1]!, episodes: inside.length, successes, wilson_95: wilsonInterval(successes, inside.length) };
  });
}
