import type { RgbImage } from "./types.js";

/** The part of a source axis an output cell covers: whole or partial source cells with their weights. */
interface AxisWeights {
  /** First source cell of each output cell, [outputs]. */
  readonly first: Int32Array;
  /** Number of source cells of each output cell, [outputs]. */
  readonly count: Int32Array;
  /** Weights (they sum to 1 per output cell), `stride` apart, [outputs * stride]. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/**
 * Brings a picture to the size a model wants: the largest centred part that has the wanted aspect is cut out
 * (a centred square for a square model), then each output pixel is the area-weighted mean of the source pixels it covers.
 * Averaging keeps thin things visible and adds no aliasing, which a fixed-support filter would at large ratios.
 *
 * @param image source [image.height, image.width, 3]; read only.
 * @param width wanted width in pixels. @param height wanted height in pixels.
 * @returns a new picture [height, width, 3] (rounded half up), or `image` itself when it already has that size.
 * @throws RangeError when a size is not a positive whole number or `image.data` has not the length its size says.
 */
export function fitToModel(image: RgbImage, width: number, height: number): RgbImage {
  checkSize("wanted picture size", width, height);
  checkSize("picture size", image.width, image.height);
  if (image.data.length !== image.width * image.height * 3) {
    throw new RangeError(
      `picture data has ${image.data.length} bytes, ${image.width}x${image.height} RGB needs ${image.width * image.height * 3}`,
    );
  }
  if (image.width === width && image.height === height) {
    return image;
  }

  // Compared as products of whole numbers: a ratio would be inexact for a picture that already has the aspect.
  const wide = image.width * height > image.height * width;
  const cropWidth = wide ? Math.max(1, Math.round((image.height * width) / height)) : image.width;
  const cropHeight = wide ? image.height : Math.max(1, Math.round((image.width * height) / width));
  const left = (image.width - cropWidth) >> 1;
  const top = (image.height - cropHeight) >> 1;

  const columns = areaWeights(cropWidth, width);
  const rows = areaWeights(cropHeight, height);

  // Horizontal pass of the cropped rows only, kept unrounded so that the result is rounded once.
  const narrowed = new Float64Array(cropHeight * width * 3);
  for (let y = 0; y < cropHeight; y++) {
    const sourceRow = ((top + y) * image.width + left) * 3;
    for (let x = 0; x < width; x++) {
      const first = columns.first[x]!;
      const count = columns.count[x]!;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0; k < count; k++) {
        const weight = columns.weights[x * columns.stride + k]!;
        const at = sourceRow + (first + k) * 3;
        red += weight * image.data[at]!;
        green += weight * image.data[at + 1]!;
        blue += weight * image.data[at + 2]!;
      }
      const to = (y * width + x) * 3;
      narrowed[to] = red;
      narrowed[to + 1] = green;
      narrowed[to + 2] = blue;
    }
  }

  const data = new Uint8Array(width * height * 3);
  const sums = new Float64Array(width * 3);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    const first = rows.first[y]!;
    const count = rows.count[y]!;
    for (let k = 0; k < count; k++) {
      const weight = rows.weights[y * rows.stride + k]!;
      const from = (first + k) * width * 3;
      for (let i = 0; i < sums.length; i++) {
        sums[i]! += weight * narrowed[from + i]!;
      }
    }
    const to = y * width * 3;
    for (let i = 0; i < sums.length; i++) {
      // The tiny addend makes means that are a half on paper (x.4999… in floating point) round the same way.
      data[to + i] = Math.min(255, Math.floor(sums[i]! + 0.5 + 1e-9));
    }
  }
  return { width, height, data };
}

function areaWeights(sources: number, outputs: number): AxisWeights {
  const stride = Math.ceil(sources / outputs) + 1;
  const first = new Int32Array(outputs);
  const count = new Int32Array(outputs);
  const weights = new Float64Array(outputs * stride);
  for (let o = 0; o < outputs; o++) {
    // In units of 1/outputs of a source cell everything is a whole number, so no cell is missed or counted twice.
    const start = o * sources;
    const end = start + sources;
    const begin = Math.floor(start / outputs);
    first[o] = begin;
    let k = 0;
    for (let cell = begin; cell * outputs < end; cell++, k++) {
      const covered = Math.min(end, (cell + 1) * outputs) - Math.max(start, cell * outputs);
      weights[o * stride + k] = covered / sources;
    }
    count[o] = k;
  }
  return { first, count, weights, stride };
}

function checkSize(what: string, width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`${what} ${width}x${height} is not two positive whole numbers`);
  }
}
