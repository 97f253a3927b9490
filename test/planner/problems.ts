import type { ActionBounds, PlanBudget, PlanProblem, ScorePopulation } from "../../src/planner/index.js";

/** A clock that nobody turns: only the number of iterations ends a plan. */
export const noDeadline: PlanBudget = { deadlineMs: Infinity, now: () => 0 };

export function box(low: number[], high: number[]): ActionBounds {
  return { low: Float32Array.from(low), high: Float32Array.from(high) };
}

/** Turns a formula for one sequence into `score`; keeps every candidate ever asked for when given a list. */
export function scoreOf(
  horizon: number, actionDim: number, stepEnergies: (actions: Float32Array) => number[], seen?: { actions: Float32Array; energies: number[] }[],
): ScorePopulation {
  return async (actions, count) => {
    const out = new Float32Array(count * horizon);
    const size = horizon * actionDim;
    if (actions.length !== count * size) {
      throw new Error(`${actions.length} values for ${count} candidates`);
    }
    for (let c = 0; c < count; c++) {
      const one = actions.slice(c * size, (c + 1) * size);
      const energies = stepEnergies(one);
      out.set(energies, c * horizon);
      seen?.push({ actions: one, energies });
    }
    return out;
  };
}

/** Each action has a target; a step's energy is the squared distance to it. */
export function quadratic(horizon: number, bounds: ActionBounds, target: number): PlanProblem {
  const dims = bounds.low.length;
  return {
    horizon,
    bounds,
    score: scoreOf(horizon, dims, (actions) =>
      Array.from({ length: horizon }, (_, h) => {
        let sum = 0;
        for (let a = 0; a < dims; a++) {
          sum += (actions[h * dims + a]! - target) ** 2;
        }
        return sum;
      })),
  };
}

/** A point that moves by its actions; a step's energy is its squared distance to the goal (m^2). */
export function pointRobot(horizon: number, start: number[], goal: number[], limit: number): PlanProblem {
  const dims = start.length;
  return {
    horizon,
    bounds: box(start.map(() => -limit), start.map(() => limit)),
    score: scoreOf(horizon, dims, (actions) => {
      const position = [...start];
      return Array.from({ length: horizon }, (_, h) => {
        let sum = 0;
        for (let a = 0; a < dims; a++) {
          position[a]! += actions[h * dims + a]!;
          sum += (position[a]! - goal[a]!) ** 2;
        }
        return sum;
      });
    }),
  };
}
