import { performance } from "node:perf_hooks";

import { createPlanner, type PlannerConfig } from "../../src/control/planner-config.js";
import { stepWeights, weightedEnergy, type Objective } from "../../src/planner/objective.js";
import { type Planner, type PlanProblem, ScoreFailed } from "../../src/planner/index.js";
import type { OnnxWorldModel } from "../../src/world-model/index.js";
import { proposer } from "../../src/world-model/proposer.js";
import type { RecordedPlan, RecordedProblem } from "./record-problems.js";

/** After one call of the model. */
export interface TracePoint {
  readonly rollouts: number;
  readonly ms: number;
  /** The lowest objective until then. */
  readonly energy: number;
}

/** Thrown out of `score` when there have been enough roll-outs: the search keeps what it has. */
const ENOUGH = new Error("enough");

/** Plans with one search on one model. */
export class Tracer {
  readonly #model: OnnxWorldModel;
  readonly #planner: Planner;
  readonly #weights: Float64Array;

  /** @param config a search that does not end by itself before it is to. */
  constructor(model: OnnxWorldModel, config: PlannerConfig) {
    this.#model = model;
    this.#planner = createPlanner(config);
    const objective: Objective = config.options?.objective ?? { kind: "every_step" };
    this.#weights = stepWeights(objective, model.horizon);
  }

  /**
   * What a plan of at least `rollouts` roll-outs reaches after each call of the model.
   * @param warm roll-outs for the plan before, from which this one is then warm; 0: cold.
   */
  async trace({ before, plan }: RecordedProblem, { seed, rollouts, warm }: { seed: number; rollouts: number; warm: number }): Promise<TracePoint[]> {
    this.#planner.reset(seed);
    if (warm > 0) {
      await this.#run(before, warm);
      this.#planner.shift(1);
    }
    return this.#run(plan, rollouts);
  }

  async #run({ latent, state, goal, committed, explorationScale }: RecordedPlan, rollouts: number): Promise<TracePoint[]> {
    const model = this.#model;
    const { low, high } = model.manifest.action;
    const points: TracePoint[] = [];
    let scored = 0;
    let energy = Infinity;
    const problem: PlanProblem = {
      horizon: model.horizon, committed, explorationScale,
      bounds: { low: Float32Array.from(low), high: Float32Array.from(high) },
      ...proposer(model, { latent, state, goal, committed }),
      score: async (actions, count) => {
        if (scored >= rollouts) throw ENOUGH;
        const { stepEnergies } = await model.score(latent, state, actions, count, goal);
        const ms = performance.now() - begin;
        scored += count;
        for (let c = 0; c < count; c++) energy = Math.min(energy, weightedEnergy(stepEnergies, c * model.horizon, this.#weights));
        points.push({ rollouts: scored, ms, energy });
        return stepEnergies;
      },
    };
    const begin = performance.now();
    try {
      await this.#planner.plan(problem, { deadlineMs: Infinity, now: () => performance.now() });
    } catch (error) {
      if (!(error instanceof ScoreFailed && error.cause === ENOUGH)) throw error;
    }
    return points;
  }
}
