import { MARKER_COLOURS, QUIET_TEXT_COLOUR, TEXT_COLOUR, VALUE_COLOURS } from "./colours.js";
import { contour } from "./contour.js";
import { FONT_FAMILY } from "./font.js";
import { chartSvg, writeChart } from "./frame.js";

import type * as vega from "vega";
import type { ChartFrame, ChartText } from "./frame.js";
import type { Point } from "./line-chart.js";

/** Evenly spaced values from `low` to `high`, both included. */
export interface HeatMapAxis {
  readonly low: number;
  readonly high: number;
  /** At least 2. */
  readonly count: number;
}

export interface HeatMap extends Omit<ChartText, "width" | "height"> {
  readonly x: HeatMapAxis;
  readonly y: HeatMapAxis;
  /** Row-major [y.count, x.count], the row of the lowest y first. A value that is not finite leaves a hole. */
  readonly values: ArrayLike<number>;
  /** Beside the colour bar. */
  readonly valueTitle: string;
  /** Points with a name in the legend; the last lies on top. */
  readonly markers?: readonly { readonly name: string; readonly at: Point }[];
}

/** About this wide and high; the cells are whole units, or seams would show between them. */
const SIZE = 410;
/** At most this many contour lines. */
const LEVELS = 16;

/**
 * Draws values over a plane as colours (dark is low), with contour lines at the ticks of the colour bar, and writes the picture
 * as PNG (atomically).
 *
 * @throws RangeError when an axis has fewer than 2 values or `values` has not one for each cell.
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writeHeatMap(file: string, map: HeatMap): Promise<void> {
  await writeChart(file, heatMapFrame(map));
}

/** The same as SVG text, without scripts. @throws RangeError as writeHeatMap() does. */
export async function heatMapSvg(map: HeatMap): Promise<string> {
  return chartSvg(heatMapFrame(map));
}

function heatMapFrame(map: HeatMap): ChartFrame {
  const { x, y } = map;
  for (const [name, { count }] of [["x", x], ["y", y]] as const) {
    if (!(count >= 2)) {
      throw new RangeError(`heat map: the ${name} axis has ${count} values, it needs at least 2`);
    }
  }
  if (map.values.length !== x.count * y.count) {
    throw new RangeError(`heat map: ${map.values.length} values for ${x.count} x ${y.count} cells`);
  }
  const cellWidth = Math.max(1, Math.round(SIZE / x.count));
  const cellHeight = Math.max(1, Math.round(SIZE / y.count));
  const width = cellWidth * x.count;
  const height = cellHeight * y.count;
  const values = Array.from(map.values);
  const finite = values.filter((value) => Number.isFinite(value));
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const levels = ticksBetween(low, high);
  const empty = finite.length === 0;
  // Without axes there is no place for a marker.
  const markers = empty ? [] : map.markers ?? [];
  // All alike: any width will do, but 0 has no colours.
  const span = high > low ? high - low : 1;

  // From a cell's number to the plot's units; y grows upwards.
  const left = (c: number): number => c * cellWidth;
  const top = (r: number): number => height - (r + 1) * cellHeight;
  const outline = levels.flatMap((level) => contour(values, x.count, level)).map(([x1, y1, x2, y2]) =>
    `M${unit(left(x1 + 0.5))},${unit(top(y1 - 0.5))}L${unit(left(x2 + 0.5))},${unit(top(y2 - 0.5))}`).join("");

  return {
    text: { ...map, width, height },
    x: { exact: true },
    y: { exact: true },
    // Half a cell beyond the outermost values: a cell lies round its value.
    xValues: empty ? [] : ends(x),
    yValues: empty ? [] : ends(y),
    names: markers.map((marker) => marker.name),
    colours: MARKER_COLOURS,
    rules: [],
    data: [
      {
        name: "cells",
        values: values.flatMap((value, i) => Number.isFinite(value) ? [{ left: left(i % x.count), top: top(Math.floor(i / x.count)), value }] : []),
      },
      ...markers.map((marker, i) => ({ name: `marker${i}`, values: [{ x: marker.at[0], y: marker.at[1] }] })),
    ],
    marks: [
      {
        type: "rect", from: { data: "cells" },
        encode: {
          enter: {
            x: { field: "left" }, width: { value: cellWidth }, y: { field: "top" }, height: { value: cellHeight },
            fill: { scale: "value", field: "value" },
          },
        },
      },
      {
        type: "path",
        encode: { enter: { path: { value: outline }, stroke: { value: "white" }, strokeWidth: { value: 0.8 }, strokeOpacity: { value: 0.75 } } },
      },
      ...markers.map((marker, i): vega.Mark => ({
        type: "symbol", from: { data: `marker${i}` },
        encode: {
          enter: {
            x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" }, size: { value: 110 },
            shape: { scale: "shape", value: marker.name }, fill: { scale: "colour", value: marker.name },
            stroke: { value: TEXT_COLOUR }, strokeWidth: { value: 1.25 },
          },
        },
      })),
    ],
    legendSymbol: "outlined",
    scales: [{
      name: "value", type: "linear", zero: false,
      domain: empty ? [0, 1] : VALUE_COLOURS.map((_, i) => low + span * (i / (VALUE_COLOURS.length - 1))),
      range: [...VALUE_COLOURS], interpolate: "rgb",
    }],
    legends: empty ? [] : [{
      fill: "value", type: "gradient", orient: "right", offset: 18, title: map.valueTitle, titleOrient: "right",
      gradientLength: height, gradientThickness: 16, values: [...levels], format: ".4~g",
      labelFont: FONT_FAMILY, labelFontSize: 11, labelColor: QUIET_TEXT_COLOUR, labelOffset: 5,
      titleFont: FONT_FAMILY, titleFontSize: 11.5, titleFontWeight: "normal", titleColor: TEXT_COLOUR, titlePadding: 10, titleLimit: height,
    }],
  };
}

function ends(axis: HeatMapAxis): number[] {
  const half = (axis.high - axis.low) / (axis.count - 1) / 2;
  return [axis.low - half, axis.high + half];
}

/** Short enough for a path of thousands of points, exact enough for the eye. */
function unit(value: number): string {
  return value.toFixed(2);
}

/** Multiples of 1, 2 or 5 times a power of ten strictly between two numbers, at most `LEVELS` of them. */
function ticksBetween(low: number, high: number): number[] {
  if (!(high > low)) {
    return [];
  }
  const rough = (high - low) / LEVELS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough)!;
  const ticks: number[] = [];
  for (let i = Math.floor(low / step) + 1; i * step < high; i++) {
    // Without the last binary digits: 0.3 and not 0.30000000000000004.
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}
