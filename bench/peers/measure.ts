import { stepWeights } from "../../src/planner/objective.js";
import type { Objective } from "../../src/planner/index.js";
import type { OnnxWorldModel } from "../../src/world-model/index.js";
import type { Contender } from "./contenders.js";
import type { Planned, Problem, SolverName } from "./protocol.js";
import type { SolverProcess } from "./solver-process.js";

/** What one plan took and reached. */
export interface Point {
  readonly iterations: number;
  readonly rollouts: number;
  readonly ms: number;
  /** The objective of the answer, as the search minimises it. */
  readonly energy: number;
}

/** One contender on one problem with one seed, once with each of its budgets. */
export interface Curve {
  readonly contender: string;
  /** Index of the problem. */
  readonly problem: number;
  readonly repeat: number;
  readonly points: readonly Point[];
}

export interface MeasureOptions {
  readonly contenders: readonly Contender[];
  readonly processes: ReadonlyMap<SolverName, SolverProcess>;
  readonly problems: readonly Problem[];
  readonly repeats: number;
  /** As in `Search`. */
  readonly std: number;
  readonly switched: readonly number[];
  /** Judges all answers alike. */
  readonly model: OnnxWorldModel;
  readonly objective: Objective;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Lets every contender plan every problem with every budget, one after the other. On each problem they take turns, and who is first changes from one to the next:
 * whatever else the machine does meanwhile falls on all of them.
 */
export async function measure(options: MeasureOptions): Promise<Curve[]> {
  const { contenders, processes, problems, repeats, model } = options;
  const judge = answerEnergy(model, options.objective);
  for (const contender of contenders) {
    await plan(contender, contender.iterations[0]!, problems[0]!, 0);
    await plan(contender, contender.iterations[1]!, problems[0]!, 1);
  }
  const curves: Curve[] = [];
  let turn = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [i, problem] of problems.entries()) {
      for (let k = 0; k < contenders.length; k++) {
        const contender = contenders[(turn + k) % contenders.length]!;
        const points: Point[] = [];
        for (const iterations of contender.iterations) {
          const { ms, rollouts, actions } = await plan(contender, iterations, problem, 1000 * repeat + i);
          points.push({ iterations, rollouts, ms, energy: await judge(problem, actions) });
        }
        curves.push({ contender: contender.key, problem: i, repeat, points });
      }
      turn++;
      options.onProgress?.(turn, repeats * problems.length);
    }
  }
  return curves;

  async function plan({ solver, candidates, elites }: Contender, iterations: number, problem: Problem, seed: number): Promise<Planned> {
    return processes.get(solver)!.ask({ do: "plan", solver, problem, search: { candidates, elites, iterations, seed, std: options.std, switched: options.switched } });
  }
}

/** Gives the objective of an answer, judged by the exported model. */
export function answerEnergy(model: OnnxWorldModel, objective: Objective): (problem: Problem, actions: readonly number[]) => Promise<number> {
  const weights = stepWeights(objective, model.horizon);
  return async ({ latent, state, goal }, actions) => {
    const { stepEnergies } = await model.score(Float32Array.from(latent), Float32Array.from(state), Float32Array.from(actions), 1, Float32Array.from(goal));
    return weights.reduce((sum, weight, step) => sum + weight * stepEnergies[step]!, 0);
  };
}
