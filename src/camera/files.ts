import { readFile, stat } from "node:fs/promises";

import sharp from "sharp";

import { writeFileAtomically } from "./write-file-atomically.js";

import type { RgbImage } from "./types.js";

/** Larger files are refused before they are read into memory. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Larger pictures are refused before their pixels are unpacked: a small PNG can hold a very large picture. */
export const MAX_PIXELS = 40_000_000;

/**
 * Reads a PNG or JPEG file as RGB: EXIF orientation applied, alpha laid over black, 16 bit brought to 8.
 *
 * @throws Error with one line naming the file: not there, not a picture, damaged, or too large.
 */
export async function readImageFile(file: string): Promise<RgbImage> {
  let bytes: number;
  try {
    const found = await stat(file);
    if (!found.isFile()) {
      throw new Error(`${file} is not a file; give a PNG or JPEG picture`);
    }
    bytes = found.size;
  } catch (error) {
    throw readingFailed(file, error);
  }
  if (bytes > MAX_FILE_BYTES) {
    throw new Error(`${file} has ${bytes} bytes; pictures up to ${MAX_FILE_BYTES} bytes are read`);
  }
  try {
    return await decodeImage(await readFile(file), file);
  } catch (error) {
    throw readingFailed(file, error);
  }
}

/**
 * Unpacks the bytes of a PNG or JPEG (a file, or the data of a sensor_msgs/CompressedImage).
 *
 * @param name what the error message calls it.
 * @throws Error with one line that starts with `name`.
 */
export async function decodeImage(encoded: Uint8Array, name: string): Promise<RgbImage> {
  if (encoded.length === 0) {
    throw new Error(`${name} is empty; a PNG or JPEG picture is needed`);
  }
  // Sharp reads many formats through many libraries; only the two that are documented are let in.
  const kind = sniff(encoded);
  if (kind === undefined) {
    throw new Error(`${name} is not a PNG or JPEG picture`);
  }
  try {
    const picture = sharp(encoded, { limitInputPixels: false, failOn: "error" });
    const { width, height } = await picture.metadata();
    if (width * height > MAX_PIXELS) {
      throw new TooLarge(`${name} is ${width}x${height} pixels; pictures up to ${MAX_PIXELS} pixels are read`);
    }
    const { data, info } = await picture
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: threeChannels(data, info.channels, info.width * info.height) };
  } catch (error) {
    if (error instanceof TooLarge) {
      throw error;
    }
    throw new Error(`${name} is a damaged ${kind} picture: ${oneLine(error)}`, { cause: error });
  }
}

/**
 * Packs a picture as PNG.
 *
 * @throws Error when `image.data` has not the length its size says.
 */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const expected = image.width * image.height * 3;
  if (image.data.length !== expected) {
    throw new Error(`picture data has ${image.data.length} bytes, ${image.width}x${image.height} RGB needs ${expected}`);
  }
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/**
 * Writes a picture as PNG: written beside and renamed, so the file is never half there.
 *
 * @throws Error with one line naming the file when it cannot be written.
 */
export async function writePngFile(file: string, image: RgbImage): Promise<void> {
  await writeFileAtomically(file, await encodePng(image));
}

class TooLarge extends Error {}

function sniff(encoded: Uint8Array): "PNG" | "JPEG" | undefined {
  if (encoded[0] === 0x89 && encoded[1] === 0x50 && encoded[2] === 0x4e && encoded[3] === 0x47) {
    return "PNG";
  }
  if (encoded[0] === 0xff && encoded[1] === 0xd8 && encoded[2] === 0xff) {
    return "JPEG";
  }
  return undefined;
}

/** sharp keeps a grey picture at one channel; the rest of the program only knows three. */
function threeChannels(data: Uint8Array, channels: number, pixels: number): Uint8Array {
  if (channels === 3) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    rgb.fill(data[i * channels]!, i * 3, i * 3 + 3);
  }
  return rgb;
}

function readingFailed(file: string, error: unknown): Error {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    const why = error.code === "ENOENT" ? "there is no such file" : error.code === "EACCES" ? "permission denied" : error.code;
    return new Error(`cannot read picture ${file}: ${why}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(`cannot read picture ${file}: ${oneLine(error)}`);
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, "; ");
}
