import { join } from "node:path";

import type { PlanRequest, PlanResult } from "../../src/control/planning-service.js";
import type { SurpriseEpisodeResult } from "../../src/evaluation/surprise-episodes.js";
import type { EpisodeGoal } from "../../src/memory/episode.js";
import { episodeId } from "../../src/memory/episode-id.js";
import { EpisodeWriter } from "../../src/memory/episode-writer.js";
import type { JointState } from "../../src/robot/types.js";
import { graphSha256, type Manifest } from "../../src/world-model/index.js";

/** An episode that was lived in the simulator, as it was planned. */
export interface LivedEpisode {
  readonly manifest: Manifest;
  readonly task: string;
  readonly seen: readonly { readonly request: PlanRequest; readonly result: PlanResult; readonly timeS: number; readonly joints: JointState }[];
  readonly run: SurpriseEpisodeResult;
  readonly startedMs: number;
}

/** Puts it into a memory. An episode counts as reached where the controller says so. */
export async function recordEpisode(dir: string, { manifest, task, seen, run, startedMs }: LivedEpisode): Promise<void> {
  const subGoals: EpisodeGoal[] = [];
  const numbers = seen.map(({ request: { goal } }) => {
    const known = subGoals.findIndex(({ latent }) => latent === goal);
    return known >= 0 ? known : subGoals.push({ name: `${task} ${subGoals.length + 1}`, latent: goal }) - 1;
  });
  if (subGoals.length === 0) return;
  const { steps, ended } = run.record;
  const startedAt = new Date(startedMs);
  const writer = await EpisodeWriter.begin(join(dir, "episodes"), {
    id: episodeId(startedAt), startedAt: startedAt.toISOString(), source: "simulation",
    bundle: { name: manifest.name, encoderSha256: graphSha256(manifest.files["encoder.onnx"]), rolloutSha256: graphSha256(manifest.files["rollout.onnx"]) },
    periodS: manifest.action.period_s, actionNames: manifest.action.names, stateNames: manifest.state.names,
    jointNames: seen[0]!.joints.positions.length === 0 ? [] : Array.from(seen[0]!.joints.positions, (_, i) => `joint${i + 1}`),
    goal: task, subGoals, reachedBelow: manifest.energy.reached_below,
  });
  for (const [index, { request, result, timeS, joints }] of seen.entries()) {
    const { actions, stepEnergies, startEnergy, energy, iterations, candidates, encodeMs, planMs, latent } = result;
    await writer.write({
      index, timeS: timeS - seen[0]!.timeS, image: request.image, jointPositions: joints.positions, jointVelocities: joints.velocities, state: request.state, latent,
      subGoal: numbers[index]!, committed: request.committed.length / manifest.action.names.length, actions, stepEnergies, startEnergy, energy, iterations, candidates, encodeMs, planMs, terms: [],
    });
  }
  writer.end({ kind: ended.startsWith("Reached") ? "reached" : "held", sentence: ended, steps, endedAt: new Date().toISOString(), truth: { success: run.success, finalDistanceM: run.record.final_distance_m } });
}
