import { Resvg } from "@resvg/resvg-js";

import { FONT_FAMILY, FONT_FILES } from "./font.js";

/**
 * Draws an SVG with the fonts of this program only, on white.
 *
 * @param zoom pixels per SVG unit; 2 keeps small text sharp on dense displays.
 * @returns a PNG file's bytes.
 */
export function svgToPng(svg: string, zoom: number): Uint8Array {
  return new Resvg(svg, {
    background: "#ffffff",
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: [...FONT_FILES],
      defaultFontFamily: FONT_FAMILY,
      sansSerifFamily: FONT_FAMILY,
    },
  }).render().asPng();
}

/** Text made safe for SVG; control characters, which XML forbids, become spaces. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
