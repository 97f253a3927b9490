import { VALUE_COLOURS } from "./colours.js";

/** Red, green and blue, 0 to 1. */
export type Rgb = readonly [r: number, g: number, b: number];

const STOPS: readonly Rgb[] = VALUE_COLOURS.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Rgb);

/** The colour of a share of a range, 0 (bright: best) to 1 (dark: worst), between the colours of VALUE_COLOURS. What is not a number is the worst. */
export function shareColour(share: number): Rgb {
  const at = (1 - Math.min(1, Math.max(0, Number.isNaN(share) ? 1 : share))) * (STOPS.length - 1);
  const [low, high] = [STOPS[Math.floor(at)]!, STOPS[Math.ceil(at)]!];
  const between = at - Math.floor(at);
  return [0, 1, 2].map((channel) => low[channel]! + between * (high[channel]! - low[channel]!)) as unknown as Rgb;
}

/** For each energy its share of the range: 0 for the lowest, 1 for the highest; by rank, so that one very bad candidate does not make all others look alike. */
export function rankShares(energies: ArrayLike<number>): Float64Array {
  const order = Array.from(energies, (_, i) => i).sort((a, b) => energies[a]! - energies[b]!);
  const shares = new Float64Array(order.length);
  order.forEach((row, rank) => { shares[row] = order.length < 2 ? 0 : rank / (order.length - 1); });
  return shares;
}
