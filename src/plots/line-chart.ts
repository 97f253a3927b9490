import { chartSvg, writeChart } from "./frame.js";

import type * as vega from "vega";
import type { ChartFrame, ChartRule, ChartText } from "./frame.js";

export type Point = readonly [x: number, y: number];

export interface LineSeries {
  readonly name: string;
  /** In drawing order. A value that is not finite (or not positive on a log axis) leaves a gap. */
  readonly points: readonly Point[];
  /** A shaded band in the series' colour: [x, low, high], for example quantiles. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface LineChart extends ChartText {
  readonly series: readonly LineSeries[];
  readonly xLog?: boolean;
  readonly yLog?: boolean;
  /** The y axis begins at zero. */
  readonly yZero?: boolean;
  /** x counts something: only whole numbers get a tick. */
  readonly xWhole?: boolean;
  readonly rules?: readonly ChartRule[];
}

/** Up to this many points in a series every point gets a dot. */
const DOTS_UP_TO = 40;

/**
 * Draws lines over a common x axis and writes the picture as PNG (atomically). Without any point the chart says "no data".
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeLineChart(file: string, chart: LineChart): Promise<void> {
  await writeChart(file, lineChartFrame(chart));
}

/** The same as SVG text, without scripts. */
export async function lineChartSvg(chart: LineChart): Promise<string> {
  return chartSvg(lineChartFrame(chart));
}

function lineChartFrame(chart: LineChart): ChartFrame {
  const rules = chart.rules ?? [];
  const visible = (value: number, log: boolean | undefined): boolean => Number.isFinite(value) && (log !== true || value > 0);
  const data: vega.Data[] = [];
  const bands: vega.Mark[] = [];
  const lines: vega.Mark[] = [];
  chart.series.forEach((series, i) => {
    if (series.band !== undefined) {
      data.push({
        name: `band${i}`,
        values: series.band.map(([x, low, high]) => ({
          x, low, high, ok: visible(x, chart.xLog) && visible(low, chart.yLog) && visible(high, chart.yLog),
        })),
      });
      bands.push({
        type: "area", from: { data: `band${i}` },
        encode: {
          enter: {
            x: { scale: "x", field: "x" }, y: { scale: "y", field: "high" }, y2: { scale: "y", field: "low" },
            fill: { scale: "colour", value: series.name }, fillOpacity: { value: 0.16 }, defined: { field: "ok" },
          },
        },
      });
    }
    data.push({
      name: `line${i}`,
      values: series.points.map(([x, y]) => ({ x, y, ok: visible(x, chart.xLog) && visible(y, chart.yLog) })),
    });
    lines.push({
      type: "line", from: { data: `line${i}` },
      encode: {
        enter: {
          x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" }, defined: { field: "ok" },
          stroke: { scale: "colour", value: series.name }, strokeDash: { scale: "dash", value: series.name },
          strokeWidth: { value: 2 }, strokeJoin: { value: "round" }, strokeCap: { value: "round" },
        },
      },
    });
    if (series.points.length <= DOTS_UP_TO) {
      data.push({ name: `dots${i}`, source: `line${i}`, transform: [{ type: "filter", expr: "datum.ok" }] });
      lines.push({
        type: "symbol", from: { data: `dots${i}` },
        encode: {
          enter: {
            x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" }, size: { value: 30 },
            fill: { scale: "colour", value: series.name }, stroke: { value: "white" }, strokeWidth: { value: 1 },
          },
        },
      });
    }
  });
  const bandPoints = chart.series.flatMap((series) => series.band ?? []);
  return {
    text: chart,
    x: { log: chart.xLog === true, whole: chart.xWhole === true },
    y: { log: chart.yLog === true, zero: chart.yZero === true },
    xValues: [...chart.series.flatMap((s) => s.points.map(([x]) => x)), ...bandPoints.map(([x]) => x), ...ruleValues(rules, "x")],
    yValues: [
      ...chart.series.flatMap((s) => s.points.map(([, y]) => y)),
      ...bandPoints.flatMap(([, low, high]) => [low, high]), ...ruleValues(rules, "y"),
    ],
    names: chart.series.map((series) => series.name),
    rules,
    data,
    // All bands first, so that no line lies under a band.
    marks: [...bands, ...lines],
    legendSymbol: "stroke",
  };
}

/** The values the rules of one axis need on it. */
export function ruleValues(rules: readonly ChartRule[], axis: "x" | "y"): number[] {
  return rules.filter((rule) => rule.axis === axis).map((rule) => rule.value);
}
