import type { EpisodeRecord } from "../../src/evaluation/episode-record.js";

/** A record of an episode that never was. */
export function record(changes: Partial<EpisodeRecord> = {}): EpisodeRecord {
  return {
    task: "push", object: "cube", environment: "plain", policy: "jepa", seed: 0, max_steps: 40, success: true,
    start_distance_m: 0.1, final_distance_m: 0.01, best_distance_m: 0.01, steps: 10, sub_goals: 1, sub_goals_done: 1, ended: "Reached \"push\".",
    energies: [1, 0.5], distances_m: [0.1, 0.05], plan_ms: [10, 20], ...changes,
  };
}
