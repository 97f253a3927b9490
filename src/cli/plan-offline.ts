import { createPlanner, type PlannerConfig, withBundleSearch } from "../control/planner-config.js";
import { proposer } from "../world-model/proposer.js";
import { OFFLINE_SEARCH } from "./search-options.js";

import type { Plan } from "../planner/index.js";
import type { OnnxWorldModel } from "../world-model/index.js";

export interface OfflineProblem {
  /** [latentDim] each. */
  readonly start: Float32Array;
  readonly goal: Float32Array;
  /** [stateDim] */
  readonly state: Float32Array;
  /** Actions that leave the robot where it is, [horizon, actionDim]; scored for comparison. */
  readonly rest: Float32Array;
  readonly seed: number;
  /** What is not said is as the bundle says, or OFFLINE_SEARCH. */
  readonly search: PlannerConfig;
}

export interface OfflinePlan {
  readonly plan: Plan;
  readonly startEnergy: number;
  /** Energies of doing nothing, [horizon]. */
  readonly restEnergies: Float32Array;
  /** Lowest and highest energy of the last iteration's elites at each step, [horizon] each. */
  readonly spread: { readonly low: Float32Array; readonly high: Float32Array };
  readonly solveMs: number;
}

/**
 * Searches once, without a clock to keep to, as the controller would with this bundle.
 *
 * @throws Error with one line when the model gives no finite energy.
 */
export async function planOffline(model: OnnxWorldModel, problem: OfflineProblem): Promise<OfflinePlan> {
  const { start, goal, state, seed } = problem;
  const resting = await model.score(start, state, problem.rest, 1, goal);
  const restEnergies = resting.stepEnergies.slice();
  const { startEnergy } = resting;

  let last = new Float32Array(0);
  const options = { ...(model.manifest.planning === undefined ? OFFLINE_SEARCH : {}), ...problem.search.options, seed };
  const search = withBundleSearch({ ...problem.search, options }, model.manifest);
  const planner = createPlanner(search);
  const begin = performance.now();
  const plan = await planner.plan({
    horizon: model.horizon,
    bounds: { low: Float32Array.from(model.manifest.action.low), high: Float32Array.from(model.manifest.action.high) },
    ...proposer(model, { latent: start, state, goal, committed: new Float32Array(0) }),
    score: async (actions, count) => {
      const { stepEnergies } = await model.score(start, state, actions, count, goal);
      last = stepEnergies.slice();
      return stepEnergies;
    },
  }, { deadlineMs: Infinity, now: () => performance.now() });
  const solveMs = performance.now() - begin;
  if (!Number.isFinite(plan.energy)) {
    throw new Error(`bundle ${model.manifest.name} gave no finite energy for any of ${plan.candidates} candidates; is --state in its units and range?`);
  }
  return { plan, startEnergy, restEnergies, spread: elitesSpread(last, model.horizon, search.options?.elites ?? OFFLINE_SEARCH.elites), solveMs };
}

/** @param energies [count, horizon] */
function elitesSpread(energies: Float32Array, horizon: number, elites: number): { low: Float32Array; high: Float32Array } {
  const rows = Array.from({ length: energies.length / horizon }, (_, i) => energies.subarray(i * horizon, (i + 1) * horizon))
    .filter((row) => row.every(Number.isFinite))
    .map((row) => ({ row, sum: row.reduce((a, b) => a + b, 0) }))
    .sort((a, b) => a.sum - b.sum)
    .slice(0, elites);
  const at = (h: number, pick: (...values: number[]) => number): number => pick(...rows.map(({ row }) => row[h]!));
  return {
    low: Float32Array.from({ length: horizon }, (_, h) => at(h, Math.min)),
    high: Float32Array.from({ length: horizon }, (_, h) => at(h, Math.max)),
  };
}
