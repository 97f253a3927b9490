import { fitToModel } from "./fit.js";

import type { RgbImage } from "./types.js";

/** How fit a picture is for a goal, from its luminance (Rec. 709) at 96 pixels on the shorter side: what a model sees of it. */
export interface PictureQuality {
  /** Mean luminance, 0 to 1. */
  readonly brightness: number;
  /** Standard deviation of luminance, 0 to 0.5. */
  readonly contrast: number;
  /** Mean square of the Laplacian over the variance of the luminance: falls with blur, stays with contrast. 0 for a picture of one colour. */
  readonly sharpness: number;
  /** What is wrong with it, a clause each; none for a usable picture. */
  readonly warnings: readonly string[];
}

const SIDE = 96;
const DARK = 0.12;
const BRIGHT = 0.9;
const FLAT = 0.02;
/** Pictures of the simulator and photographs have 0.4 to 1; blurred by 1.5 % of their height (standard deviation) they have 0.016 to 0.027. */
const BLURRED = 0.02;

/** Judges a picture. @throws RangeError when its data have not the length its size says. */
export function pictureQuality(image: RgbImage): PictureQuality {
  const scale = Math.min(1, SIDE / Math.min(image.width, image.height));
  const { width, height, data } = fitToModel(image, Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  const light = Float64Array.from({ length: width * height }, (_, i) => (0.2126 * data[3 * i]! + 0.7152 * data[3 * i + 1]! + 0.0722 * data[3 * i + 2]!) / 255);
  const brightness = light.reduce((sum, value) => sum + value, 0) / light.length;
  const variance = light.reduce((sum, value) => sum + (value - brightness) ** 2, 0) / light.length;
  const contrast = Math.sqrt(variance);
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      squares += (4 * light[i]! - light[i - 1]! - light[i + 1]! - light[i - width]! - light[i + width]!) ** 2;
    }
  }
  const inner = Math.max(1, (width - 2) * (height - 2));
  const sharpness = variance > 0 ? squares / inner / variance : 0;
  const shown = (value: number): string => value.toPrecision(2);
  return {
    brightness, contrast, sharpness,
    warnings: [
      ...(brightness < DARK ? [`it is dark (brightness ${shown(brightness)} of 1)`] : []),
      ...(brightness > BRIGHT ? [`it is overexposed (brightness ${shown(brightness)} of 1)`] : []),
      ...(contrast < FLAT ? ["it is of one colour; is the lens covered?"] : sharpness < BLURRED ? [`it is blurred (sharpness ${shown(sharpness)}, usual are 0.1 and more)`] : []),
    ],
  };
}

/** The numbers in a line: "96x96, brightness 0.52, sharpness 0.46". */
export function qualityLine({ width, height }: RgbImage, { brightness, sharpness }: PictureQuality): string {
  return `${width}x${height}, brightness ${brightness.toFixed(2)}, sharpness ${sharpness.toPrecision(2)}`;
}
