/** Procedural textures: the colour of a flat surface at a point of it. */

export type Colour = readonly [number, number, number];

export type Pattern = "plain" | "gradient" | "checks" | "spots" | "clouds" | "stripes" | "bricks" | "rings";

export interface Texture {
  readonly pattern: Pattern;
  readonly one: Colour;
  readonly other: Colour;
  /** Size of a repetition, m. */
  readonly scale: number;
  /** Turn about the surface's normal, rad. */
  readonly turn: number;
  readonly seed: number;
}

/** Writes the colour (0..1) of a texture at (x, y), in m, to `out[at .. at + 2]`. */
export function paint(texture: Texture, x: number, y: number, out: Float32Array, at: number): void {
  const share = shareOfOther(texture, x, y);
  for (let c = 0; c < 3; c++) out[at + c] = (1 - share) * (texture.one[c] as number) + share * (texture.other[c] as number);
}

/** 0 is all `one`, 1 all `other`. */
function shareOfOther(texture: Texture, x: number, y: number): number {
  const { pattern, scale, turn, seed } = texture;
  const u = (Math.cos(turn) * x + Math.sin(turn) * y) / scale;
  const v = (-Math.sin(turn) * x + Math.cos(turn) * y) / scale;
  switch (pattern) {
    case "plain":
      return 0;
    case "gradient":
      return Math.min(1, Math.max(0, 0.5 + 0.5 * Math.sin(u)));
    case "checks":
      return (Math.floor(u) + Math.floor(v)) & 1;
    case "spots": {
      const [du, dv] = [u - Math.floor(u) - 0.5, v - Math.floor(v) - 0.5];
      return du * du + dv * dv < 0.09 ? 1 : 0;
    }
    case "clouds":
      return 0.65 * smoothNoise(u, v, seed) + 0.35 * smoothNoise(2.3 * u, 2.3 * v, seed + 1);
    case "stripes":
      return Math.floor(u) & 1;
    case "bricks": {
      const row = Math.floor(2 * v);
      const along = u + 0.5 * (row & 1);
      return along - Math.floor(along) < 0.08 || 2 * v - row < 0.16 ? 1 : 0;
    }
    case "rings":
      return 0.5 + 0.5 * Math.sin(6 * Math.hypot(u, v));
    default:
      return pattern satisfies never;
  }
}

/** Value noise with smooth steps, 0..1. */
export function smoothNoise(u: number, v: number, seed: number): number {
  const [i, j] = [Math.floor(u), Math.floor(v)];
  const [a, b] = [smooth(u - i), smooth(v - j)];
  const low = (1 - a) * hash(i, j, seed) + a * hash(i + 1, j, seed);
  const high = (1 - a) * hash(i, j + 1, seed) + a * hash(i + 1, j + 1, seed);
  return (1 - b) * low + b * high;
}

/** A number in 0..1 that depends on three whole numbers only. */
export function hash(i: number, j: number, seed: number): number {
  let t = (Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Hue in degrees, saturation and value 0..1. */
export function hsv(hueDeg: number, saturation: number, value: number): Colour {
  const channel = (n: number): number => {
    const k = (n + hueDeg / 60 + 12) % 6;
    return value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}
