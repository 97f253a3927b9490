import type { Random } from "../../sim/random.js";
import type { RgbImage } from "../../src/camera/types.js";

export type Picture = RgbImage;

/** A lens cap. */
export function black(picture: Picture): Picture {
  return { ...picture, data: new Uint8Array(picture.data.length) };
}

/** Mean of a square of (2 radius + 1)² pixels, twice, which is nearly a Gaussian. */
export function blurred(picture: Picture, radius: number): Picture {
  return { ...picture, data: Uint8Array.from(boxed(boxed(Float32Array.from(picture.data), picture, radius), picture, radius)) };
}

function boxed(data: Float32Array, { width, height }: Picture, radius: number): Float32Array {
  const along = (from: Float32Array, step: number, length: number, lines: number, stride: number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < lines; line++) for (let c = 0; c < 3; c++) for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let d = -radius; d <= radius; d++) sum += from[3 * (line * stride + Math.min(length - 1, Math.max(0, i + d)) * step) + c]!;
      to[3 * (line * stride + i * step) + c] = sum / (2 * radius + 1);
    }
    return to;
  };
  return along(along(data, 1, width, height, width), width, height, width, 1);
}

/** Skin on the lens: a reddish brown, brighter to one side, that trembles a little, and what remains of the scene far out of focus. */
export function fingerOnLens(random: Random): (picture: Picture) => Picture {
  const skin = skinColour(random, random.uniform(0.4, 0.8));
  const side = random.uniform(0, 2 * Math.PI);
  const through = random.uniform(0, 0.15);
  return (picture) => {
    const { width, height } = picture;
    const far = blurred(picture, 12).data;
    const tremble = random.uniform(0.97, 1.03);
    const data = new Uint8Array(picture.data.length);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) {
      const slope = 1 + 0.3 * (Math.cos(side) * (x / width - 0.5) + Math.sin(side) * (y / height - 0.5));
      const i = 3 * (y * width + x) + c;
      data[i] = Math.min(255, (1 - through) * tremble * slope * skin[c]! + through * far[i]!);
    }
    return { width, height, data };
  };
}

/** A palm with four fingers and a thumb, of any skin colour, that comes to some place of the picture and moves on about two pixels a picture. */
export function handInView(random: Random, share: number): (picture: Picture, k: number) => Picture {
  const skin = skinColour(random, random.uniform(0.55, 1.1));
  const turn = random.uniform(0, 2 * Math.PI);
  const way = random.uniform(0, 2 * Math.PI);
  const [u, v] = [random.uniform(0.2, 0.8), random.uniform(0.2, 0.8)];
  return (picture, k) => {
    const { width, height } = picture;
    // Palm, fingers and thumb together are about 1.75 times the ellipse of the palm.
    const palm = Math.sqrt((share * width * height) / (0.8 * Math.PI * 1.75));
    const [cx, cy] = [u * width + 2 * k * Math.cos(way), v * height + 2 * k * Math.sin(way)];
    const data = Uint8Array.from(picture.data);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const a = ((x - cx) * Math.cos(turn) + (y - cy) * Math.sin(turn)) / palm;
      const b = (-(x - cx) * Math.sin(turn) + (y - cy) * Math.cos(turn)) / palm;
      const finger = [-0.6, -0.2, 0.2, 0.6].some((at) => a > 0 && a < 2 - 0.5 * Math.abs(at) && Math.abs(b - at) < 0.17);
      const thumb = b > 0.4 && b < 1.5 && Math.abs(a - 0.1 - 0.4 * (b - 0.4)) < 0.2;
      if (a * a + (b / 0.8) ** 2 >= 1 && !finger && !thumb) continue;
      // Round: darker towards the edge, and between the fingers.
      const light = 1 - 0.2 * Math.min(1, b * b);
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = Math.min(255, light * skin[c]!);
    }
    return { width, height, data };
  };
}

function skinColour(random: Random, brightness: number): [number, number, number] {
  const dark = random.uniform(0.35, 1);
  return [225 * brightness * dark, 172 * brightness * dark ** 1.25, 140 * brightness * dark ** 1.45];
}
