import { fitToModel } from "../camera/fit.js";

import type { RgbImage } from "../camera/types.js";

const RESET = "\x1b[0m";

/**
 * A picture as lines of a terminal with 24 bit colours: each character is two pixels, one above the other.
 *
 * @param columns most characters in a line. @param rows most lines.
 */
export function terminalPicture(image: RgbImage, columns: number, rows: number): string[] {
  const scale = Math.min(columns / image.width, (2 * rows) / image.height);
  const width = Math.max(1, Math.min(columns, Math.round(image.width * scale)));
  const height = Math.max(2, 2 * Math.min(rows, Math.round((image.height * scale) / 2)));
  const { data } = fitToModel(image, width, height);
  const colour = (x: number, y: number): string => {
    const at = 3 * (y * width + x);
    return `${data[at]!};${data[at + 1]!};${data[at + 2]!}`;
  };
  return Array.from({ length: height / 2 }, (_, row) => {
    let line = "";
    let last = "";
    for (let x = 0; x < width; x++) {
      const [upper, lower] = [colour(x, 2 * row), colour(x, 2 * row + 1)];
      const colours = `\x1b[38;2;${upper}m\x1b[48;2;${lower}m`;
      line += colours === last ? "▀" : `${colours}▀`;
      last = colours;
    }
    return `${line}${RESET}`;
  });
}
