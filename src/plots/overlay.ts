import { renderAsync } from "@resvg/resvg-js";
import sharp from "sharp";

import { FONT_FAMILY, FONT_FILES } from "./font.js";
import { wrap } from "./frame.js";
import { escapeXml } from "./svg.js";
import { shareColour } from "./value-colour.js";

import type { RgbImage } from "../camera/types.js";

/** What is drawn over a camera's picture; places are [n, 2], u and v in pixels of the picture, NaN for what is not in front of the camera. */
export interface OverlayMarks {
  /** Where candidates end, and the share of the range of energies that colours each: 0 is best. */
  readonly endPoints?: { readonly places: ArrayLike<number>; readonly shares: ArrayLike<number> };
  /** The chosen plan's way, from where the tool is. */
  readonly plan?: ArrayLike<number>;
  /** One or two lines below. */
  readonly text: string;
}

/** Of the drawn picture: a small one is enlarged so that text can be read on it. */
const LEAST_HEIGHT = 480;
const TEXT_PX = 15;
const LINE_PX = 20;
const MOST_LINES = 2;
const PLAN_COLOUR = "#ff5a1f";

/** How the picture is handed over. */
export type OverlayFormat = "rgb" | "jpeg";

/** A drawn picture; `data` is RGB, rows from the top, or a JPEG file. */
export interface DrawnOverlay {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Draws over a picture, enlarged by a whole number. All that takes time is done in the threads of libuv, so that the caller's thread stays free.
 * @throws Error when the picture's data has not the length its size says.
 */
export async function drawOverlay(image: RgbImage, marks: OverlayMarks, format: OverlayFormat): Promise<DrawnOverlay> {
  const scale = Math.max(1, Math.ceil(LEAST_HEIGHT / image.height));
  const [width, height] = [image.width * scale, image.height * scale];
  const drawn = await renderAsync(overlaySvg(marks, width, height, scale), {
    font: { loadSystemFonts: false, fontFiles: [FONT_FILES[0]!], defaultFontFamily: FONT_FAMILY },
  });
  const layer = { input: drawn.pixels, raw: { width, height, channels: 4 as const }, premultiplied: true };
  const picture = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { kernel: "nearest" }).composite([layer]).removeAlpha();
  const { data } = await (format === "jpeg" ? picture.jpeg({ quality: 88, chromaSubsampling: "4:4:4" }) : picture.raw()).toBuffer({ resolveWithObject: true });
  return { width, height, data };
}

function overlaySvg({ endPoints, plan, text }: OverlayMarks, width: number, height: number, scale: number): string {
  // Pixel centres are whole numbers, the drawing's are halves.
  const at = (places: ArrayLike<number>, i: number): readonly [number, number] | undefined => {
    const [u, v] = [(places[2 * i]! + 0.5) * scale, (places[2 * i + 1]! + 0.5) * scale];
    return Number.isFinite(u) && Number.isFinite(v) ? [u, v] : undefined;
  };
  const parts: string[] = [];
  // The worst first, so that the best lie on top.
  const order = Array.from({ length: endPoints?.shares.length ?? 0 }, (_, i) => i).sort((a, b) => endPoints!.shares[b]! - endPoints!.shares[a]!);
  for (const i of order) {
    const place = at(endPoints!.places, i);
    if (place === undefined) continue;
    const colour = shareColour(endPoints!.shares[i]!).map((channel) => Math.round(255 * channel)).join(",");
    parts.push(`<circle cx="${place[0].toFixed(1)}" cy="${place[1].toFixed(1)}" r="4" fill="rgb(${colour})" stroke="#000" stroke-opacity="0.55"/>`);
  }
  const way = Array.from({ length: (plan?.length ?? 0) / 2 }, (_, i) => at(plan!, i)).filter((place) => place !== undefined);
  if (way.length > 1) {
    const points = way.map(([u, v]) => `${u.toFixed(1)},${v.toFixed(1)}`).join(" ");
    const [u, v] = way[0]!;
    for (const [colour, stroke] of [["#000", 6], [PLAN_COLOUR, 3.5]] as const) {
      parts.push(`<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="${stroke}" stroke-linejoin="round" stroke-linecap="round"/>`);
    }
    parts.push(`<circle cx="${u.toFixed(1)}" cy="${v.toFixed(1)}" r="6" fill="#fff" stroke="#000" stroke-width="2"/>`);
  }
  const lines = wrap(text, TEXT_PX, "normal", width - 16);
  const shown = lines.slice(0, MOST_LINES);
  if (lines.length > MOST_LINES) shown.push(`${shown.pop() ?? ""} …`);
  const top = height - shown.length * LINE_PX - 8;
  parts.push(
    `<rect x="0" y="${top}" width="${width}" height="${height - top}" fill="#000" fill-opacity="0.66"/>`,
    ...shown.map((line, i) => `<text x="8" y="${top + (i + 1) * LINE_PX - 2}" font-family="${FONT_FAMILY}" font-size="${TEXT_PX}" fill="#fff">${escapeXml(line)}</text>`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;
}
