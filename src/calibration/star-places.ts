/** A place of the tool in the base frame, m. */
export type Place = readonly [number, number, number];

export interface StarOptions {
  /** Middle of the circle; all places have its height. */
  readonly middle: Place;
  /** Of the circle, m. */
  readonly radiusM: number;
  /** Moves from place to place; the places are one more, and the last is the first. At least 5. */
  readonly moves: number;
}

/** The middle's way round: neighbours on the circle are this share of it apart in the walk. */
const STRIDE = 0.3;

/**
 * Places on a circle in the order of a star: each move crosses much of the circle, the directions are evenly spread over all of it, and nothing is far from the
 * middle. Long moves on little room, as a move's direction is known the better the longer it is.
 *
 * @throws RangeError when there are fewer than 5 moves or no radius.
 */
export function starPlaces({ middle: [x, y, z], radiusM, moves }: StarOptions): Place[] {
  if (!Number.isInteger(moves) || moves < 5) throw new RangeError(`${moves} moves: a star has a whole number of at least 5`);
  if (!(radiusM > 0)) throw new RangeError(`radius ${radiusM} m: give one above 0`);
  const stride = strideOf(moves);
  return Array.from({ length: moves + 1 }, (_, i) => {
    const angle = (2 * Math.PI * ((i * stride) % moves)) / moves;
    return [x + radiusM * Math.cos(angle), y + radiusM * Math.sin(angle), z];
  });
}

/** The number of points to go on that comes nearest to the wanted share and leaves none out. */
function strideOf(points: number): number {
  const wanted = STRIDE * points;
  const all = Array.from({ length: points - 1 }, (_, i) => i + 1).filter((stride) => greatestCommonDivisor(points, stride) === 1);
  return all.reduce((best, stride) => (Math.abs(stride - wanted) < Math.abs(best - wanted) ? stride : best));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
