import { writeChart } from "./frame.js";
import { ruleValues } from "./line-chart.js";

import type * as vega from "vega";
import type { ChartRule, ChartText } from "./frame.js";

export interface Histogram extends Omit<ChartText, "yTitle"> {
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Default "count". */
  readonly yTitle?: string;
  /** About how many bars; the borders fall on round numbers. Default 24. */
  readonly bins?: number;
  readonly rules?: readonly ChartRule[];
}

/**
 * Draws how often values occur, all series on the same bins, and writes the picture as PNG (atomically).
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeHistogram(file: string, chart: Histogram): Promise<void> {
  const rules = chart.rules ?? [];
  const finite = chart.series.map((series) => series.values.filter((value) => Number.isFinite(value)));
  const borders = binBorders(finite.flat(), chart.bins ?? 24);
  const counts = finite.map((values) => countInto(values, borders));
  await writeChart(file, {
    text: { ...chart, yTitle: chart.yTitle ?? "count" },
    x: {},
    y: { zero: true, whole: true },
    xValues: [...borders, ...ruleValues(rules, "x")],
    yValues: [...counts.flat(), ...ruleValues(rules, "y")],
    names: chart.series.map((series) => series.name),
    rules,
    data: counts.map((bars, i) => ({ name: `bars${i}`, values: bars.map((count, k) => ({ from: borders[k]!, to: borders[k + 1]!, count })) })),
    marks: chart.series.map((series, i): vega.Mark => ({
      type: "rect", from: { data: `bars${i}` },
      encode: {
        enter: {
          x: { scale: "x", field: "from", offset: 0.5 }, x2: { scale: "x", field: "to", offset: -0.5 },
          y: { scale: "y", field: "count" }, y2: { scale: "y", value: 0 },
          fill: { scale: "colour", value: series.name }, fillOpacity: { value: chart.series.length > 1 ? 0.55 : 0.85 },
        },
      },
    })),
    legendSymbol: "square",
  });
}

/** Borders of equal bins at multiples of 1, 2 or 5 times a power of ten that cover all values; empty for no values. */
function binBorders(values: readonly number[], about: number): number[] {
  if (values.length === 0) {
    return [];
  }
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const spread = high > low ? high - low : Math.max(Math.abs(low) * 0.1, 1e-9);
  const rough = spread / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const width = [1, 2, 5, 10].map((k) => k * power).find((w) => w >= rough * 0.999)!;
  const first = Math.floor(low / width);
  // The last border lies strictly above the highest value, so that it has a bin too.
  const last = Math.floor(high / width) + 1;
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * width);
}

function countInto(values: readonly number[], borders: readonly number[]): number[] {
  const counts = new Array<number>(Math.max(0, borders.length - 1)).fill(0);
  const low = borders[0] ?? 0;
  const width = (borders[1] ?? 1) - low;
  for (const value of values) {
    const bin = Math.min(counts.length - 1, Math.max(0, Math.floor((value - low) / width)));
    counts[bin]!++;
  }
  return counts;
}
