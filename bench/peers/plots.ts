import { join } from "node:path";

import { quantile } from "../../src/evaluation/statistics.js";
import { writeLineChart, type LineSeries } from "../../src/plots/chart.js";
import type { Point } from "./measure.js";
import type { Results } from "./results.js";
import { gap } from "./time-to-energy.js";

/** A gap of less counts as this, so that there is a place for it on a logarithmic axis. */
const LEAST_GAP = 1e-3;
/** Those that are drawn: ours, and the peers with their authors' populations. */
const DRAWN = ["own-shipped", "own-refined", "own-without-policy", "own-cem", "swm-cem", "swm-icem", "swm-mppi", "dino-wm", "vjepa2-ac"];

/** Draws how near the answers come to the lowest energy known, over time and over roll-outs; returns the files. */
export async function drawCurves(results: Results, folder: string, name: string): Promise<string[]> {
  const files = { [`${name}-time.png`]: "ms", [`${name}-rollouts.png`]: "rollouts" } as const;
  for (const [file, of] of Object.entries(files)) {
    await writeLineChart(join(folder, file), {
      title: of === "ms" ? "Energy over the time of a plan" : "Energy over the sequences that are rolled out",
      subtitle: `Median over ${results.problems.length} problems with ${results.repeats} seed${results.repeats === 1 ? "" : "s"} each. A dot is a number of iterations, the number behind a name that of its candidates.`,
      xTitle: of === "ms" ? `time of a plan (ms), ${results.cores.length} core${results.cores.length === 1 ? "" : "s"}` : "sequences rolled out",
      yTitle: "gap to the lowest energy known (%)",
      xLog: true,
      yLog: true,
      series: DRAWN.flatMap((key) => series(results, key, of)),
    });
  }
  return Object.keys(files);
}

function series(results: Results, key: string, of: "ms" | "rollouts"): LineSeries[] {
  const contender = results.contenders.find((one) => one.key === key);
  const curves = results.curves.filter((curve) => curve.contender === key);
  if (contender === undefined || curves.length === 0) return [];
  const name = `${contender.name}, ${contender.candidates}`;
  return [{
    name,
    points: contender.iterations.map((iterations) => {
      const points = curves.flatMap((curve) => curve.points.filter((point) => point.iterations === iterations).map((point) => ({ point, scale: results.scales[curve.problem]! })));
      const median = (value: (one: { point: Point; scale: Results["scales"][number] }) => number): number => quantile(points.map(value), 0.5);
      return [median(({ point }) => point[of]), 100 * Math.max(LEAST_GAP, median(({ point, scale }) => gap(point.energy, scale)))] as const;
    }),
  }];
}
