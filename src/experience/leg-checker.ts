import type { Experience } from "../chain/types.js";
import { row } from "../chain/types.js";
import { armEntries } from "../control/surprise-reference.js";
import { createPlanner, type PlannerConfig, withBundleSearch } from "../control/planner-config.js";
import type { Manifest, WorldModel } from "../world-model/index.js";
import { proposer } from "../world-model/proposer.js";

export interface LegCheckerOptions {
  readonly model: WorldModel;
  readonly manifest: Manifest;
  readonly planner: PlannerConfig;
  /** Where proprioception is looked up that a latent does not say. */
  readonly experience: Experience;
}

/**
 * Asks the planner how near it believes to come from one latent to another within a horizon: the least energy that its best sequence is predicted to pass. It plans from rest,
 * as the robot is about where one leg ends and the next one begins.
 */
export function legChecker({ model, manifest, planner, experience }: LegCheckerOptions): (from: Float32Array, to: Float32Array) => Promise<number> {
  const search = createPlanner(withBundleSearch(planner, manifest));
  const bounds = { low: Float32Array.from(manifest.action.low), high: Float32Array.from(manifest.action.high) };
  return async (from, to) => {
    const state = stateOf(manifest, experience, from);
    // The same answer for the same legs, whatever was asked before.
    search.reset(0);
    const plan = await search.plan({
      horizon: model.horizon, bounds, ...proposer(model, { latent: from, state, goal: to, committed: new Float32Array(0) }),
      score: async (actions, count) => (await model.score(from, state, actions, count, to)).stepEnergies,
    }, { deadlineMs: Infinity, now: () => performance.now() });
    return Math.min(...plan.stepEnergies);
  };
}

/** Proprioception of a scene: what its latent says, the rest as it was when it looked most like it. [stateDim] */
function stateOf(manifest: Manifest, { stretches, latentDim, stateDim }: Experience, latent: Float32Array): Float32Array {
  let best = Infinity;
  let state = new Float32Array(stateDim);
  for (const { latents, states, frames } of stretches) {
    for (let frame = 0; frame < frames; frame++) {
      let sum = 0;
      for (let i = 0; i < latentDim && sum < best; i++) sum += (latents[frame * latentDim + i]! - latent[i]!) ** 2;
      if (sum < best) {
        best = sum;
        state = new Float32Array(row(states, stateDim, frame));
      }
    }
  }
  for (const entry of armEntries(manifest)) state[entry.state] = entry.mean + entry.std * latent[entry.latent]!;
  return state;
}
