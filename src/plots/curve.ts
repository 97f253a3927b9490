import sharp from "sharp";

import { AXIS_COLOUR, QUIET_TEXT_COLOUR, SERIES_COLOURS } from "./colours.js";
import { FONT_FAMILY } from "./font.js";
import { escapeXml, svgToPng } from "./svg.js";

import type { RgbImage } from "../camera/types.js";

export interface Curve {
  /** One a step; what is not finite leaves no mark. */
  readonly values: readonly number[];
  /** What is drawn, above it. */
  readonly title: string;
  /** A threshold. */
  readonly rule?: number;
}

const PAD = 14;
const TITLE_PX = 15;

/** A small line from zero to the largest value, without scales: its form beside pictures. [size, size] pixels. */
export async function drawCurve({ values, title, rule }: Curve, size: number): Promise<RgbImage> {
  const finite = values.filter(Number.isFinite);
  const top = Math.max(...finite, rule ?? 0, Number.MIN_VALUE);
  const y = (value: number): number => size - PAD - (value / top) * (size - 2 * PAD - TITLE_PX);
  const x = (step: number): number => PAD + (step / Math.max(1, values.length - 1)) * (size - 2 * PAD);
  const points = values.flatMap((value, step) => (Number.isFinite(value) ? [`${x(step).toFixed(1)},${y(value).toFixed(1)}`] : []));
  const level = (at: number, dash: string): string =>
    `<line x1="${PAD}" x2="${size - PAD}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="${AXIS_COLOUR}" stroke-dasharray="${dash}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">`
    + `<text x="${PAD}" y="${TITLE_PX + 2}" font-family="${FONT_FAMILY}" font-size="${TITLE_PX}" fill="${QUIET_TEXT_COLOUR}">${escapeXml(title)}</text>`
    + level(y(0), "none") + (rule === undefined ? "" : level(y(rule), "4 3"))
    + `<polyline points="${points.join(" ")}" fill="none" stroke="${SERIES_COLOURS[0]}" stroke-width="2.5"/></svg>`;
  const { data, info } = await sharp(svgToPng(svg, 1)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}
