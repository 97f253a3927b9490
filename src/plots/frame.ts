import * as vega from "vega";

import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { AXIS_COLOUR, GRID_COLOUR, QUIET_TEXT_COLOUR, RULE_COLOUR, RULE_DASHES, SERIES_COLOURS, SERIES_DASHES, SERIES_SHAPES, TEXT_COLOUR } from "./colours.js";
import { FONT_FAMILY, textWidth } from "./font.js";
import { svgToPng } from "./svg.js";

/** What every chart has. */
export interface ChartText {
  readonly title: string;
  /** A quieter line under the title. */
  readonly subtitle?: string;
  /** With the unit: "time (s)". */
  readonly xTitle: string;
  readonly yTitle: string;
  /** Size of the plotting area in SVG units; the picture has two pixels per unit, and the frame comes on top. */
  readonly width?: number;
  readonly height?: number;
}

/** A dashed line across the chart with its name on it, for example a threshold. */
export interface ChartRule {
  readonly axis: "x" | "y";
  readonly value: number;
  readonly label: string;
}

export interface ChartAxis {
  readonly log?: boolean;
  /** Only whole numbers get a tick (steps, counts). */
  readonly whole?: boolean;
  /** The axis begins at zero; not for log axes. */
  readonly zero?: boolean;
  /** The axis ends at the outermost values instead of at round numbers beyond them. */
  readonly exact?: boolean;
}

export interface ChartFrame {
  readonly text: ChartText;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  /** All values the axes must hold, rules included. */
  readonly xValues: readonly number[];
  readonly yValues: readonly number[];
  readonly names: readonly string[];
  /** The series' colours, for charts on which the usual ones cannot be seen. */
  readonly colours?: readonly string[];
  readonly rules: readonly ChartRule[];
  readonly data: readonly vega.Data[];
  readonly marks: readonly vega.Mark[];
  readonly legendSymbol: "stroke" | "shape" | "outlined" | "square";
  /** What only this kind of chart has, for example a colour bar and its scale. */
  readonly scales?: readonly vega.Scale[];
  readonly legends?: readonly vega.Legend[];
}

const WIDTH = 560;
const HEIGHT = 300;
const PIXELS_PER_UNIT = 2;

/** Series names to colours, dashes and shapes, as scales that marks can use; rules have their own, for the legend. */
function seriesScales(names: readonly string[], palette: readonly string[], rules: readonly ChartRule[]): vega.Scale[] {
  const colours = names.map((_, i) => palette[i % palette.length]!);
  const dashes = names.map((_, i) => [...SERIES_DASHES[Math.floor(i / SERIES_COLOURS.length) % SERIES_DASHES.length]!]);
  return [
    { name: "colour", type: "ordinal", domain: [...names], range: colours },
    { name: "dash", type: "ordinal", domain: [...names], range: dashes as unknown as string[] },
    { name: "shape", type: "ordinal", domain: [...names], range: names.map((_, i) => SERIES_SHAPES[i % SERIES_SHAPES.length]!) },
    {
      name: "ruleDash", type: "ordinal", domain: rules.map((rule) => rule.label),
      range: rules.map((_, i) => [...RULE_DASHES[i % RULE_DASHES.length]!]) as unknown as string[],
    },
  ];
}

/** Draws a chart and writes it: the frame (title, axes, grid, legend, rules) is the same for all kinds. */
export async function writeChart(file: string, frame: ChartFrame): Promise<void> {
  await writeFileAtomically(file, svgToPng(await chartSvg(frame), PIXELS_PER_UNIT));
}

/** The chart as SVG text, on the fonts of `svg.ts`. */
export async function chartSvg(frame: ChartFrame): Promise<string> {
  useOwnTextWidths();
  const view = new vega.View(vega.parse(chartSpec(frame)), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function chartSpec(frame: ChartFrame): vega.Spec {
  const { text } = frame;
  const width = text.width ?? WIDTH;
  const height = text.height ?? HEIGHT;
  const x = axisDomain(frame.xValues, frame.x);
  const y = axisDomain(frame.yValues, frame.y);
  const empty = x === undefined || y === undefined;
  const legends = [
    ...(frame.names.length < 2 ? [] : [seriesLegend(frame, width)]),
    ...(frame.rules.length === 0 || empty ? [] : [ruleLegend(frame.rules, width)]),
    ...(frame.legends ?? []),
  ];
  const entries = [...(frame.names.length < 2 ? [] : frame.names), ...frame.rules.map((rule) => rule.label)];
  const inOneRow = entries.reduce((sum, name) => sum + textWidth(name, 11) + LEGEND_ENTRY_EXTRA, 0) <= width;
  return {
    width,
    height,
    padding: 16,
    autosize: { type: "pad" },
    background: "white",
    config: {
      text: { font: FONT_FAMILY },
      legend: { layout: { top: { direction: inOneRow ? "horizontal" : "vertical", margin: inOneRow ? 18 : 5, offset: 10 } } as never },
    },
    title: {
      text: wrap(text.title, 15, "bold", width),
      ...(text.subtitle === undefined ? {} : { subtitle: wrap(text.subtitle, 11.5, "normal", width) }),
      anchor: "start", frame: "group", offset: 12,
      font: FONT_FAMILY, fontSize: 15, fontWeight: "bold", color: TEXT_COLOUR, lineHeight: 19,
      subtitleFont: FONT_FAMILY, subtitleFontSize: 11.5, subtitleColor: QUIET_TEXT_COLOUR, subtitlePadding: 5, subtitleLineHeight: 15,
    },
    data: [...frame.data],
    scales: [
      scale("x", "width", x, frame.x),
      scale("y", "height", y, frame.y),
      ...seriesScales(frame.names, frame.colours ?? SERIES_COLOURS, frame.rules),
      ...(frame.scales ?? []),
    ],
    // The bottom axis last: its line must lie over the grid line at its place.
    axes: [
      axis("left", "y", text.yTitle, frame.y, y, Math.max(3, Math.round(height / 50))),
      axis("bottom", "x", text.xTitle, frame.x, x, Math.max(3, Math.round(width / 80))),
    ],
    legends,
    marks: [
      ...frame.marks,
      ...(empty ? [] : frame.rules.map((rule) => ruleMark(rule))),
      ...(empty ? [noData()] : []),
    ],
  };
}

function scale(name: string, range: "width" | "height", domain: readonly [number, number] | undefined, axis: ChartAxis): vega.Scale {
  return {
    name,
    type: axis.log === true ? "log" : "linear",
    domain: [...(domain ?? [axis.log === true ? 0.1 : 0, 1])],
    range,
    nice: axis.log !== true && axis.exact !== true && domain !== undefined,
    zero: false,
  };
}

/** Lowest and highest value with a little room; undefined when there is nothing that can be drawn. */
function axisDomain(values: readonly number[], axis: ChartAxis): readonly [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (Number.isFinite(value) && (axis.log !== true || value > 0)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) {
    return undefined;
  }
  if (axis.log === true) {
    // A tenth of a decade of air, and never less than a half decade in all, so that there is a labelled tick.
    const room = Math.max(0.05, (0.5 - Math.log10(high / low)) / 2);
    return [low / 10 ** room, high * 10 ** room];
  }
  if (axis.zero === true) {
    low = Math.min(low, 0);
    high = Math.max(high, 0);
  }
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.1;
    return [low - room, high + room];
  }
  return [low, high];
}

function axis(
  orient: "bottom" | "left", scale: string, title: string, kind: ChartAxis, domain: readonly [number, number] | undefined, ticks: number,
): vega.Axis {
  const decades = domain === undefined ? 0 : Math.log10(domain[1] / domain[0]);
  const values = kind.log === true && domain !== undefined ? logTicks(domain, decades) : undefined;
  return {
    orient, scale, title,
    ...(values === undefined ? { tickCount: ticks } : { values }),
    ...(kind.whole === true ? { format: "d", tickMinStep: 1 } : kind.log === true ? { format: "~g" } : {}),
    grid: true, gridColor: GRID_COLOUR, gridWidth: 1,
    domain: orient === "bottom", domainColor: AXIS_COLOUR, ticks: orient === "bottom", tickColor: AXIS_COLOUR, tickSize: 4,
    labelFont: FONT_FAMILY, labelFontSize: 11, labelColor: QUIET_TEXT_COLOUR, labelPadding: 5, labelOverlap: "parity", labelSeparation: 6,
    titleFont: FONT_FAMILY, titleFontSize: 11.5, titleFontWeight: "normal", titleColor: TEXT_COLOUR, titlePadding: 10,
    zindex: 0,
  };
}

/** 1, 2, 5 per decade while that is few, else decades. */
function logTicks([low, high]: readonly [number, number], decades: number): number[] {
  const steps = decades <= 3 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    if (steps.length === 1 && decade % every !== 0) {
      continue;
    }
    for (const step of steps) {
      // Through text, so that 5e-3 is 0.005 and not 0.005000000000000001.
      const tick = Number(`${step}e${decade}`);
      if (tick >= low && tick <= high) {
        ticks.push(tick);
      }
    }
  }
  return ticks;
}

const LEGEND_TEXT = {
  labelFont: FONT_FAMILY, labelFontSize: 11, labelColor: TEXT_COLOUR, columnPadding: 18, rowPadding: 4,
  orient: "top", direction: "horizontal",
} as const satisfies Partial<vega.Legend>;

/** What a legend entry needs beside its text: the symbol and the space to the next entry. */
const LEGEND_ENTRY_EXTRA = 38;

/** As many columns as fit above the plot: a legend wider than the chart would make the chart small in its picture. */
function legendColumns(names: readonly string[], width: number): number {
  const entry = Math.max(...names.map((name) => textWidth(name, 11))) + LEGEND_ENTRY_EXTRA;
  return Math.max(1, Math.min(names.length, Math.floor(width / entry)));
}

function seriesLegend(frame: ChartFrame, width: number): vega.Legend {
  const layout = { ...LEGEND_TEXT, columns: legendColumns(frame.names, width), labelLimit: width - 30 };
  switch (frame.legendSymbol) {
    case "stroke":
      return {
        ...layout, stroke: "colour", ...(frame.names.length > SERIES_COLOURS.length ? { strokeDash: "dash" } : {}),
        symbolType: "stroke", symbolSize: 260, symbolStrokeWidth: 2.5,
      };
    case "shape":
      return { ...layout, fill: "colour", shape: "shape", symbolSize: 70, symbolStrokeWidth: 0 };
    case "outlined":
      return { ...layout, fill: "colour", shape: "shape", symbolSize: 90, symbolStrokeColor: TEXT_COLOUR, symbolStrokeWidth: 1.25 };
    case "square":
      return { ...layout, fill: "colour", symbolType: "square", symbolSize: 90, symbolStrokeWidth: 0 };
  }
}

/** Rules are named in the legend and not beside the line, where the name would lie over the curves. */
function ruleLegend(rules: readonly ChartRule[], width: number): vega.Legend {
  return {
    ...LEGEND_TEXT, columns: legendColumns(rules.map((rule) => rule.label), width), labelLimit: width - 30,
    strokeDash: "ruleDash", symbolType: "stroke", symbolSize: 420, symbolStrokeWidth: 1.5, symbolStrokeColor: RULE_COLOUR,
  };
}

function ruleMark(rule: ChartRule): vega.Mark {
  const at = { scale: rule.axis, value: rule.value };
  return {
    type: "rule",
    encode: {
      enter: {
        ...(rule.axis === "y"
          ? { y: at, x: { value: 0 }, x2: { signal: "width" } }
          : { x: at, y: { value: 0 }, y2: { signal: "height" } }),
        stroke: { value: RULE_COLOUR }, strokeWidth: { value: 1.5 }, strokeDash: { scale: "ruleDash", value: rule.label },
      },
    },
  };
}

function noData(): vega.Mark {
  return {
    type: "text",
    encode: {
      enter: {
        x: { signal: "width / 2" }, y: { signal: "height / 2" }, align: { value: "center" }, baseline: { value: "middle" },
        text: { value: "no data" }, font: { value: FONT_FAMILY }, fontSize: { value: 14 }, fill: { value: QUIET_TEXT_COLOUR },
      },
    },
  };
}

/** Breaks text at spaces so that no line is wider than the chart. */
export function wrap(text: string, sizePx: number, weight: "normal" | "bold", width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line !== "" && textWidth(longer, sizePx, weight) > width) {
        lines.push(line);
        line = word;
      } else {
        line = longer;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** Without a canvas Vega guesses 0.8 em a letter, a third too wide; the font's own widths keep labels and legends in place. */
function useOwnTextWidths(): void {
  interface TextItem { readonly fontSize?: number; readonly fontWeight?: string | number }
  // Exported by Vega for this purpose but not in its type declarations.
  const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text: unknown) => number } };
  textMetrics.width = (item, text) =>
    typeof text !== "string" && typeof text !== "number" ? 0 : textWidth(String(text), item.fontSize ?? 11, item.fontWeight === "bold" ? "bold" : "normal");
}
