import { writeLineChart } from "./line-chart.js";

import type { ChartRule } from "./frame.js";

export interface EnergyPlot {
  readonly title: string;
  readonly subtitle?: string;
  /** Energy of the start picture itself; drawn at step 0. */
  readonly startEnergy: number;
  /** Energy after each step of the best plan, [horizon]. */
  readonly stepEnergies: ArrayLike<number>;
  /** Other plans' energies for comparison, each [horizon], for example of doing nothing. */
  readonly others?: readonly { readonly name: string; readonly stepEnergies: ArrayLike<number> }[];
  /** Energies between which the elites lie at each step, each [horizon]. */
  readonly spread?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** The bundle's threshold under which a goal counts as reached. */
  readonly reachedBelow?: number;
  readonly periodS: number;
}

/**
 * Draws the energy over the planning horizon: where the plan expects to be after each action.
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeEnergyPlot(file: string, plot: EnergyPlot): Promise<void> {
  const withStart = (energies: ArrayLike<number>): [number, number][] =>
    [[0, plot.startEnergy], ...Array.from(energies, (energy, i): [number, number] => [i + 1, energy])];
  const spread = plot.spread;
  const rules: ChartRule[] = plot.reachedBelow === undefined ? []
    : [{ axis: "y", value: plot.reachedBelow, label: `goal counts as reached below ${Number(plot.reachedBelow.toPrecision(3))}` }];
  await writeLineChart(file, {
    title: plot.title,
    ...(plot.subtitle === undefined ? {} : { subtitle: plot.subtitle }),
    xTitle: `step of the plan (${plot.periodS} s each)`,
    yTitle: "energy (distance to the goal's latent)",
    xWhole: true,
    yZero: true,
    series: [
      {
        name: "best plan",
        points: withStart(plot.stepEnergies),
        ...(spread === undefined ? {} : {
          band: [
            [0, plot.startEnergy, plot.startEnergy] as const,
            ...Array.from(spread.low, (low, i) => [i + 1, low, spread.high[i] ?? low] as const),
          ],
        }),
      },
      ...(plot.others ?? []).map((other) => ({ name: other.name, points: withStart(other.stepEnergies) })),
    ],
    rules,
  });
}
