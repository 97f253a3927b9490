import type { SurpriseEpisodeResult } from "../../src/evaluation/surprise-episodes.js";
import type { EpisodeResult } from "./results.js";

export function episodeResult({ success, record }: SurpriseEpisodeResult): EpisodeResult {
  return { success, steps: record.steps, distanceM: record.final_distance_m, planMs: record.plan_ms, ended: record.ended };
}
