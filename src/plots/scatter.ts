import { writeChart } from "./frame.js";
import { ruleValues } from "./line-chart.js";

import type * as vega from "vega";
import type { ChartRule, ChartText } from "./frame.js";
import type { Point } from "./line-chart.js";

export interface ScatterChart extends ChartText {
  readonly series: readonly { readonly name: string; readonly points: readonly Point[] }[];
  readonly xLog?: boolean;
  readonly yLog?: boolean;
  readonly rules?: readonly ChartRule[];
}

/**
 * Draws points and writes the picture as PNG (atomically). Points that are not finite, or not positive on a log axis, are left out.
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeScatter(file: string, chart: ScatterChart): Promise<void> {
  const rules = chart.rules ?? [];
  const drawable = chart.series.map((series) => series.points.filter(([x, y]) =>
    Number.isFinite(x) && Number.isFinite(y) && (chart.xLog !== true || x > 0) && (chart.yLog !== true || y > 0)));
  const count = drawable.reduce((sum, points) => sum + points.length, 0);
  await writeChart(file, {
    text: chart,
    x: { log: chart.xLog === true },
    y: { log: chart.yLog === true },
    xValues: [...drawable.flatMap((points) => points.map(([x]) => x)), ...ruleValues(rules, "x")],
    yValues: [...drawable.flatMap((points) => points.map(([, y]) => y)), ...ruleValues(rules, "y")],
    names: chart.series.map((series) => series.name),
    rules,
    data: drawable.map((points, i) => ({ name: `points${i}`, values: points.map(([x, y]) => ({ x, y })) })),
    marks: chart.series.map((series, i): vega.Mark => ({
      type: "symbol", from: { data: `points${i}` },
      encode: {
        enter: {
          x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" },
          shape: { scale: "shape", value: series.name }, size: { value: count > 500 ? 18 : 44 },
          fill: { scale: "colour", value: series.name }, fillOpacity: { value: count > 500 ? 0.4 : 0.65 },
          stroke: { scale: "colour", value: series.name }, strokeWidth: { value: 0.75 },
        },
      },
    })),
    legendSymbol: "shape",
  });
}
