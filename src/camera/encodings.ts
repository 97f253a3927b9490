import type { RgbImage } from "./types.js";

/** The fields of a sensor_msgs/Image that hold the picture. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  /** As sensor_msgs names it, for example "bgr8". */
  readonly encoding: string;
  /** Bytes from one row to the next; more than width * channels when rows are padded. */
  readonly step: number;
  readonly data: Uint8Array;
}

/** Where red, green and blue sit in one pixel of an encoding. */
interface PixelLayout {
  readonly channels: number;
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

const LAYOUTS: ReadonlyMap<string, PixelLayout> = new Map([
  ["rgb8", { channels: 3, red: 0, green: 1, blue: 2 }],
  ["bgr8", { channels: 3, red: 2, green: 1, blue: 0 }],
  ["rgba8", { channels: 4, red: 0, green: 1, blue: 2 }],
  ["bgra8", { channels: 4, red: 2, green: 1, blue: 0 }],
  ["mono8", { channels: 1, red: 0, green: 0, blue: 0 }],
]);

/** The encodings `decodeRawImage` reads. */
export const SUPPORTED_ENCODINGS: readonly string[] = [...LAYOUTS.keys()];

/**
 * Turns the bytes of a sensor_msgs/Image into an RGB picture; alpha is dropped, grey is repeated.
 *
 * @returns a picture with data of its own: the message's buffer may be freed afterwards.
 * @throws Error with one line naming the encoding, size, step or data length that does not fit.
 */
export function decodeRawImage(raw: RawImage): RgbImage {
  const layout = LAYOUTS.get(raw.encoding);
  if (layout === undefined) {
    throw new Error(`image encoding ${quoted(raw.encoding)} is not supported; supported: ${SUPPORTED_ENCODINGS.join(", ")}`);
  }
  const { width, height, step, data } = raw;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new Error(`image size ${width}x${height} is empty or not whole numbers`);
  }
  const rowBytes = width * layout.channels;
  if (!Number.isInteger(step) || step < rowBytes) {
    throw new Error(`image step ${step} is shorter than one row of ${width} ${raw.encoding} pixels (${rowBytes} bytes)`);
  }
  // The padding behind the last row is often left out, so only the pixels themselves are asked for.
  const needed = step * (height - 1) + rowBytes;
  if (data.length < needed) {
    throw new Error(`image data has ${data.length} bytes, ${width}x${height} ${raw.encoding} with step ${step} needs ${needed}`);
  }

  const rgb = new Uint8Array(width * height * 3);
  if (raw.encoding === "rgb8") {
    for (let y = 0; y < height; y++) {
      rgb.set(data.subarray(y * step, y * step + rowBytes), y * rowBytes);
    }
    return { width, height, data: rgb };
  }
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = y * step;
    for (let x = 0; x < width; x++) {
      rgb[to] = data[from + layout.red]!;
      rgb[to + 1] = data[from + layout.green]!;
      rgb[to + 2] = data[from + layout.blue]!;
      to += 3;
      from += layout.channels;
    }
  }
  return { width, height, data: rgb };
}

/** The name in quotes, cut and without control characters: it comes from the network and goes into one line of a log. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}
