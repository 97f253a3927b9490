import { UsageError } from "./usage-error.js";

import type { ScorePopulation } from "../planner/index.js";

/** What the landscape is taken of. */
export interface LandscapeProblem {
  readonly score: ScorePopulation;
  readonly horizon: number;
  /** The box of one action, [actionDim] each. */
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** What all other action dimensions do, [horizon, actionDim]: the plan that was found. */
  readonly plan: Float32Array;
  /** The two action dimensions that are varied. */
  readonly axes: readonly [x: number, y: number];
  /** For this many steps the same two values are held; the energy is that after them. 1 to horizon. */
  readonly steps: number;
  /** Values along an axis, both ends of the box included. */
  readonly count: number;
}

/** Energies over a grid of two action dimensions. */
export interface Landscape {
  /** The values along the axes, [count] each, in the units of the action. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Row-major [y, x]. */
  readonly energies: Float32Array;
  readonly lowest: { readonly x: number; readonly y: number; readonly energy: number };
  /** What the plan does along the axes: first, and on average over the held steps. */
  readonly planFirst: { readonly x: number; readonly y: number };
  readonly planMean: { readonly x: number; readonly y: number };
}

/**
 * The energy as a function of two action dimensions, all else as in a plan: figure 9 of the V-JEPA 2 paper, there with one step.
 *
 * @throws Error with one line when no energy is finite.
 */
export async function energyLandscape(problem: LandscapeProblem): Promise<Landscape> {
  const { horizon, plan, axes, steps, count } = problem;
  const width = plan.length / horizon;
  const [x, y] = axes.map((a) => Float64Array.from({ length: count }, (_, i) =>
    problem.low[a]! + (problem.high[a]! - problem.low[a]!) * (i / (count - 1)))) as [Float64Array, Float64Array];

  const energies = new Float32Array(count * count);
  let lowest = { x: Number.NaN, y: Number.NaN, energy: Infinity };
  // A row at a time: a population of the planner's size, whatever the grid's.
  const row = new Float32Array(count * plan.length);
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < count; i++) {
      row.set(plan, i * plan.length);
      for (let h = 0; h < steps; h++) {
        row[i * plan.length + h * width + axes[0]] = x[i]!;
        row[i * plan.length + h * width + axes[1]] = y[j]!;
      }
    }
    const scored = await problem.score(row, count);
    for (let i = 0; i < count; i++) {
      const energy = scored[i * horizon + steps - 1]!;
      energies[j * count + i] = energy;
      // A comparison with NaN is false, so what is not a number is never the lowest.
      if (energy < lowest.energy) {
        lowest = { x: x[i]!, y: y[j]!, energy };
      }
    }
  }
  if (lowest.energy === Infinity) {
    throw new Error(`the model gave no finite energy for any of the landscape's ${energies.length} points; is --state in its units and range?`);
  }
  const mean = (a: number): number => {
    let sum = 0;
    for (let h = 0; h < steps; h++) {
      sum += plan[h * width + a]!;
    }
    return sum / steps;
  };
  return {
    x, y, energies, lowest,
    planFirst: { x: plan[axes[0]]!, y: plan[axes[1]]! },
    planMean: { x: mean(axes[0]), y: mean(axes[1]) },
  };
}

/**
 * The two action dimensions an option names, "dx,dy"; without one the first two.
 *
 * @throws UsageError naming the option, the value and what there is.
 */
export function parseAxes(option: string, text: string | undefined, names: readonly string[]): readonly [number, number] {
  if (names.length < 2) {
    throw new UsageError(`a landscape needs two action dimensions, the bundle has ${names.length}: ${names.join(",")}`);
  }
  if (text === undefined) {
    return [0, 1];
  }
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (wanted.length !== 2 || wanted[0] === wanted[1] || unknown !== undefined) {
    throw new UsageError(`${option} ${JSON.stringify(text)} does not name two different action dimensions; there are: ${names.join(",")}`);
  }
  return [names.indexOf(wanted[0]!), names.indexOf(wanted[1]!)];
}
