import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { TaskName } from "../../sim/tasks.js";
import { IndexedPlans } from "../../src/control/indexed-plans.js";
import type { PlanRequest, PlanResult } from "../../src/control/planning-service.js";
import type { RememberedPlans } from "../../src/control/remembered-plans.js";
import type { SurpriseEpisodes } from "../../src/evaluation/surprise-episodes.js";
import { graphSha256 } from "../../src/world-model/index.js";
import { episodeResult } from "./episode-result.js";
import { recordEpisode } from "./record-episode.js";
import type { MemoryResults } from "./results.js";

export interface RepeatsOptions {
  readonly task: TaskName;
  readonly memory: boolean;
  readonly repeats: number;
  /** Of the scene, which is the same every time. The planner's numbers differ. */
  readonly seed: number;
  readonly onEpisode: () => void;
}

/** The same task again and again, each time with other random numbers; with memory, what was done before is on disk and looked at. */
export async function measureRepeats(simulator: SurpriseEpisodes, { task, memory, repeats, seed, onEpisode }: RepeatsOptions): Promise<MemoryResults["repeats"][number]> {
  const { model } = simulator;
  const { manifest } = model;
  const result: MemoryResults["repeats"][number] = { name: `${task}, scene ${seed}`, task, memory, episodes: [], firstEnergies: [], lookUpMs: [], remembered: [] };
  const dir = await mkdtemp(join(tmpdir(), "jepa-mpc-repeats-"));
  try {
    const plans = memory ? await IndexedPlans.open({
      dir, rolloutSha256: graphSha256(manifest.files["rollout.onnx"]), latentDim: model.latentDim, horizon: model.horizon,
      bounds: { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) },
    }) : undefined;
    for (let i = 0; i < repeats; i++) {
      const seen: { readonly request: PlanRequest; readonly result: PlanResult; readonly timeS: number; readonly joints: ReturnType<typeof simulator.world.jointState> }[] = [];
      const run = await simulator.run({
        task, seed, plannerSeed: 1000 * i,
        ...(plans === undefined ? {} : { memory: timed(plans, result) }),
        onPlan: (request, planned) => {
          // The picture's bytes may be the camera's own.
          seen.push({ request: { ...request, image: { ...request.image, data: request.image.data.slice() } }, result: planned, timeS: simulator.world.timeS, joints: simulator.world.jointState() });
          return Promise.resolve();
        },
      });
      result.episodes.push(episodeResult(run));
      result.firstEnergies.push(seen[0]?.result.energy ?? NaN);
      if (plans !== undefined) {
        await recordEpisode(dir, { manifest, task, seen, run, startedMs: Date.now() });
        await plans.update();
      }
      onEpisode();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return result;
}

/** The same plans, with what a look-up costs written down. */
function timed(plans: RememberedPlans, { lookUpMs, remembered }: MemoryResults["repeats"][number]): RememberedPlans {
  return {
    near: async (latent, goal) => {
      const begin = performance.now();
      const found = await plans.near(latent, goal);
      lookUpMs.push(performance.now() - begin);
      remembered.push(found.length);
      return found;
    },
    update: () => plans.update(),
  };
}
