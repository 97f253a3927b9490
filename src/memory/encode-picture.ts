import sharp from "sharp";

import type { RgbImage } from "../camera/types.js";

/** A picture as a file is one. */
export interface EncodedPicture {
  /** Of sensor_msgs/CompressedImage. */
  readonly format: "png" | "jpeg";
  readonly data: Uint8Array;
}

/** Pictures up to this size are kept without loss: what a model says of them can be had again, to the last bit. */
export const LOSSLESS_PIXELS = 320 * 240;

/**
 * Packs a picture for an episode. Larger ones than LOSSLESS_PIXELS become JPEG of quality 95 with its colours at full resolution, a tenth
 * of the bytes: models scale those down, and what is lost is mostly below their own pixels (docs/memory.md has how much of it a model sees).
 *
 * @throws Error when `image.data` has not the length its size says.
 */
export async function encodePicture(image: RgbImage): Promise<EncodedPicture> {
  const { width, height, data } = image;
  if (data.length !== width * height * 3) throw new Error(`picture data has ${data.length} bytes, ${width}x${height} RGB needs ${width * height * 3}`);
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  // Level 2: a robot's processor has better to do than to save the last tenth of a file.
  return width * height <= LOSSLESS_PIXELS
    ? { format: "png", data: await picture.png({ compressionLevel: 2 }).toBuffer() }
    : { format: "jpeg", data: await picture.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer() };
}
