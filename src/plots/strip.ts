import sharp from "sharp";

import { writeFileAtomically } from "../camera/write-file-atomically.js";
import { AXIS_COLOUR, QUIET_TEXT_COLOUR, TEXT_COLOUR } from "./colours.js";
import { FONT_FAMILY, textWidth } from "./font.js";
import { wrap } from "./frame.js";
import { escapeXml, svgToPng } from "./svg.js";

import type { RgbImage } from "../camera/types.js";

export interface StripPicture {
  readonly image: RgbImage;
  /** Under the picture; broken into lines at spaces, "\n" forces a break. */
  readonly caption: string;
}

export interface StripOptions {
  readonly title?: string;
  readonly subtitle?: string;
  /** Pixels of the result per pixel of a picture; default: what makes the largest picture about 224 pixels high. */
  readonly scale?: number;
  /** Pictures a row; default: all in one row up to 6, else as square as it goes. */
  readonly columns?: number;
  /** "nearest" shows the pixels a model sees, "smooth" (default) reads better. */
  readonly resize?: "smooth" | "nearest";
}

const MARGIN = 24;
const GAP = 16;
const CAPTION_PX = 17;
const CAPTION_LINE = 23;
const TITLE_PX = 24;
const SUBTITLE_PX = 17;

/**
 * Draws pictures in a row or grid, each with a caption, and writes the result as PNG (atomically).
 *
 * @throws Error with one line: no pictures, a scale or column count that is not positive, or a file that cannot be written.
 */
export async function writeStrip(file: string, pictures: readonly StripPicture[], options: StripOptions = {}): Promise<void> {
  if (pictures.length === 0) {
    throw new Error(`cannot write ${file}: a strip needs at least one picture`);
  }
  const columns = options.columns ?? (pictures.length <= 6 ? pictures.length : Math.ceil(Math.sqrt(pictures.length)));
  const scale = options.scale ?? Math.max(1, Math.round(224 / Math.max(...pictures.map(({ image }) => image.height))));
  if (!Number.isInteger(columns) || columns < 1) {
    throw new Error(`columns ${columns} is not a positive whole number`);
  }
  if (!Number.isFinite(scale) || scale <= 0) {
    throw new Error(`scale ${scale} is not a positive number`);
  }

  // One cell size for all keeps the grid straight; smaller pictures sit in the middle of theirs.
  const cellWidth = Math.round(Math.max(...pictures.map(({ image }) => image.width)) * scale);
  const cellHeight = Math.round(Math.max(...pictures.map(({ image }) => image.height)) * scale);
  // A long word must not run into the neighbour: the column is as wide as the longest.
  const longestWord = Math.max(...pictures.flatMap(({ caption }) => caption.split(/\s+/).map((word) => textWidth(word, CAPTION_PX))));
  const columnWidth = Math.ceil(Math.max(cellWidth, longestWord));
  const used = Math.min(columns, pictures.length);
  const headings = [options.title ?? "", options.subtitle ?? ""];
  const headingWord = Math.max(...headings.flatMap((text) => text.split(/\s+/).map((word) => textWidth(word, TITLE_PX, "bold"))));
  const innerWidth = Math.max(used * columnWidth + (used - 1) * GAP, Math.ceil(headingWord));

  const parts: string[] = [];
  let y = MARGIN;
  const heading = (text: string | undefined, size: number, weight: "normal" | "bold", colour: string): void => {
    if (text === undefined || text === "") {
      return;
    }
    for (const line of wrap(text, size, weight, innerWidth)) {
      y += size;
      parts.push(textElement(line, MARGIN, y, size, weight, colour, "start"));
      y += Math.round(size * 0.4);
    }
  };
  heading(options.title, TITLE_PX, "bold", TEXT_COLOUR);
  heading(options.subtitle, SUBTITLE_PX, "normal", QUIET_TEXT_COLOUR);
  if (parts.length > 0) {
    y += 12;
  }

  for (let row = 0; row * columns < pictures.length; row++) {
    const members = pictures.slice(row * columns, (row + 1) * columns);
    const captions = members.map(({ caption }) => (caption === "" ? [] : wrap(caption, CAPTION_PX, "normal", columnWidth)));
    for (const [column, { image }] of members.entries()) {
      const width = Math.max(1, Math.round(image.width * scale));
      const height = Math.max(1, Math.round(image.height * scale));
      const left = MARGIN + column * (columnWidth + GAP) + Math.floor((columnWidth - width) / 2);
      const top = y + Math.floor((cellHeight - height) / 2);
      const png = await enlarged(image, width, height, options.resize ?? "smooth");
      parts.push(
        `<image x="${left}" y="${top}" width="${width}" height="${height}" href="data:image/png;base64,${png.toString("base64")}"/>`,
        // A thin frame: a picture with a white border would otherwise have no edge on the white page.
        `<rect x="${left - 0.5}" y="${top - 0.5}" width="${width + 1}" height="${height + 1}" fill="none" stroke="${AXIS_COLOUR}"/>`,
      );
      captions[column]!.forEach((line, i) => {
        const middle = MARGIN + column * (columnWidth + GAP) + columnWidth / 2;
        parts.push(textElement(line, middle, y + cellHeight + (i + 1) * CAPTION_LINE, CAPTION_PX, "normal", TEXT_COLOUR, "middle"));
      });
    }
    y += cellHeight + Math.max(...captions.map((lines) => lines.length)) * CAPTION_LINE + GAP;
  }

  const width = innerWidth + 2 * MARGIN;
  const height = y - GAP + MARGIN;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;
  await writeFileAtomically(file, svgToPng(svg, 1));
}

function textElement(
  text: string, x: number, y: number, size: number, weight: "normal" | "bold", colour: string, anchor: "start" | "middle",
): string {
  return `<text x="${x}" y="${y}" font-family="${FONT_FAMILY}" font-size="${size}" font-weight="${weight}" fill="${colour}" ` +
    `text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

async function enlarged(image: RgbImage, width: number, height: number, resize: "smooth" | "nearest"): Promise<Buffer> {
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: resize === "nearest" ? "nearest" : "cubic" })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
