import sharp from "sharp";

import type { RgbImage } from "../camera/types.js";

/** Wider pictures are made as wide as this: a report has many of them. */
const MOST_PX = 320;

/** A picture as a data URL: without loss where it is small, else as JPEG. */
export async function pictureUrl({ width, height, data }: RgbImage): Promise<string> {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (width <= MOST_PX) return `data:image/png;base64,${(await picture.png({ compressionLevel: 9 }).toBuffer()).toString("base64")}`;
  return `data:image/jpeg;base64,${(await picture.resize({ width: MOST_PX }).jpeg({ quality: 85 }).toBuffer()).toString("base64")}`;
}
