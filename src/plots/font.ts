import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * The DejaVu fonts that come as an npm package: pictures with text look the same on machines that have no fonts at all.
 * The files are found by package name because a bundle of this program may keep node_modules anywhere above it.
 */
const require = createRequire(import.meta.url);
const REGULAR = require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
const BOLD = require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf");

export const FONT_FAMILY = "DejaVu Sans";
export const FONT_FILES: readonly string[] = [REGULAR, BOLD];

export type FontWeight = "normal" | "bold";

const widths = new Map<FontWeight, AdvanceWidths>();

/** Width of one line of text in pixels, kerning left out (it is under a percent in this font). */
export function textWidth(text: string, sizePx: number, weight: FontWeight = "normal"): number {
  let font = widths.get(weight);
  if (font === undefined) {
    font = new AdvanceWidths(readFileSync(weight === "bold" ? BOLD : REGULAR));
    widths.set(weight, font);
  }
  return font.width(text) * sizePx;
}

/** The advance widths of a TrueType font: just the tables `head`, `hhea`, `hmtx` and `cmap` (format 4). */
class AdvanceWidths {
  readonly #view: DataView;
  readonly #unitsPerEm: number;
  readonly #hmtx: number;
  readonly #metrics: number;
  readonly #cmap: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#unitsPerEm = this.#view.getUint16(this.#table("head") + 18);
    this.#metrics = this.#view.getUint16(this.#table("hhea") + 34);
    this.#hmtx = this.#table("hmtx");
    this.#cmap = this.#unicodeMap();
  }

  /** Sum of advance widths in em. */
  width(text: string): number {
    let units = 0;
    for (const character of text) {
      const glyph = this.#glyph(character.codePointAt(0)!);
      units += this.#view.getUint16(this.#hmtx + 4 * Math.min(glyph, this.#metrics - 1));
    }
    return units / this.#unitsPerEm;
  }

  #table(tag: string): number {
    const count = this.#view.getUint16(4);
    for (let i = 0; i < count; i++) {
      const at = 12 + 16 * i;
      const name = String.fromCharCode(...[0, 1, 2, 3].map((k) => this.#view.getUint8(at + k)));
      if (name === tag) {
        return this.#view.getUint32(at + 8);
      }
    }
    throw new Error(`the font has no table ${tag}`);
  }

  #unicodeMap(): number {
    const cmap = this.#table("cmap");
    const count = this.#view.getUint16(cmap + 2);
    for (let i = 0; i < count; i++) {
      const subtable = cmap + this.#view.getUint32(cmap + 4 + 8 * i + 4);
      if (this.#view.getUint16(subtable) === 4) {
        return subtable;
      }
    }
    throw new Error("the font has no Unicode map of format 4");
  }

  /** Glyph of a code point; 0 (the box) for what the font does not have. */
  #glyph(codePoint: number): number {
    const doubled = this.#view.getUint16(this.#cmap + 6);
    const ends = this.#cmap + 14;
    const starts = ends + doubled + 2;
    const deltas = starts + doubled;
    const offsets = deltas + doubled;
    for (let i = 0; i < doubled; i += 2) {
      if (codePoint > this.#view.getUint16(ends + i)) {
        continue;
      }
      const start = this.#view.getUint16(starts + i);
      if (codePoint < start) {
        return 0;
      }
      const delta = this.#view.getUint16(deltas + i);
      const offset = this.#view.getUint16(offsets + i);
      if (offset === 0) {
        return (codePoint + delta) & 0xffff;
      }
      const glyph = this.#view.getUint16(offsets + i + offset + 2 * (codePoint - start));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  }
}
