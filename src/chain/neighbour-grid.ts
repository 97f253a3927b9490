/** Dimensions that cells are made of: more would make more cells to look into than points to compare. */
const CELL_DIMENSIONS = 3;

/** Points that are looked up by nearness: a grid over the dimensions in which they vary most. */
export class NeighbourGrid {
  readonly #points: readonly Float64Array[];
  readonly #side: number;
  readonly #dimensions: readonly number[];
  readonly #cells = new Map<string, number[]>();

  /** @param side of a cell, in the points' unit: about the distance that will be asked for. */
  constructor(points: readonly Float64Array[], side: number) {
    this.#points = points;
    this.#side = side;
    this.#dimensions = widest(points).slice(0, CELL_DIMENSIONS);
    points.forEach((point, index) => {
      const key = this.#cell(point).join();
      const cell = this.#cells.get(key);
      if (cell === undefined) this.#cells.set(key, [index]);
      else cell.push(index);
    });
  }

  /** Indices of the points within a distance, with their distances. */
  near(point: Float64Array, within: number): { node: number; distance: number }[] {
    const found: { node: number; distance: number }[] = [];
    const middle = this.#cell(point);
    const reach = Math.ceil(within / this.#side);
    const visit = (dimension: number, cell: number[]): void => {
      if (dimension < cell.length) {
        for (let step = -reach; step <= reach; step++) visit(dimension + 1, cell.with(dimension, middle[dimension]! + step));
        return;
      }
      for (const node of this.#cells.get(cell.join()) ?? []) {
        const distance = euclidean(point, this.#points[node]!, within);
        if (distance <= within) found.push({ node, distance });
      }
    };
    visit(0, [...middle]);
    return found;
  }

  #cell(point: Float64Array): number[] {
    return this.#dimensions.map((dimension) => Math.floor(point[dimension]! / this.#side));
  }
}

/** Infinity as soon as it is certain to be farther than `within`. */
function euclidean(a: Float64Array, b: Float64Array, within: number): number {
  const limit = within * within * (1 + 1e-9);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (a[i]! - b[i]!) ** 2;
    if (sum > limit) return Infinity;
  }
  return Math.sqrt(sum);
}

/** Dimensions from the one with the largest variance on. */
function widest(points: readonly Float64Array[]): number[] {
  const size = points[0]?.length ?? 0;
  const variances = Array.from({ length: size }, (_, i) => {
    const mean = points.reduce((sum, point) => sum + point[i]!, 0) / points.length;
    return points.reduce((sum, point) => sum + (point[i]! - mean) ** 2, 0);
  });
  return variances.map((_, i) => i).sort((a, b) => variances[b]! - variances[a]!);
}
