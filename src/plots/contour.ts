/** From a point on one edge of a cell to a point on another, in cells: x along the columns, y along the rows of the grid. */
export type ContourSegment = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * Where a grid of values crosses a level: marching squares with linear interpolation. Squares with a corner that is not finite
 * have no line.
 *
 * @param values row-major [rows, columns]; the value of row r and column c lies at the point (c, r).
 */
export function contour(values: ArrayLike<number>, columns: number, level: number): ContourSegment[] {
  const rows = values.length / columns;
  const segments: ContourSegment[] = [];
  for (let r = 0; r + 1 < rows; r++) {
    for (let c = 0; c + 1 < columns; c++) {
      // Round the square, so that each edge lies between one corner and the next.
      const corners = ([[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]] as const).map(([x, y]) => ({ x, y, value: values[y * columns + x]! }));
      if (!corners.every(({ value }) => Number.isFinite(value))) {
        continue;
      }
      const crossings: (readonly [number, number])[] = [];
      corners.forEach((a, i) => {
        const b = corners[(i + 1) % 4]!;
        if ((a.value < level) !== (b.value < level)) {
          const share = (level - a.value) / (b.value - a.value);
          crossings.push([a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)]);
        }
      });
      // Four crossings are a saddle: the two corners that differ from its middle are cut off, 1 and 3 or, with the shift, 0 and 2.
      const middleBelow = corners.reduce((sum, { value }) => sum + value, 0) / 4 < level;
      const shift = crossings.length === 4 && middleBelow !== corners[0]!.value < level ? 1 : 0;
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        segments.push([...crossings[i + shift]!, ...crossings[(i + 1 + shift) % crossings.length]!]);
      }
    }
  }
  return segments;
}
