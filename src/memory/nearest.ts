/** One of the nearest rows. */
export interface Near {
  readonly row: number;
  /** Sum of squares. */
  readonly squared: number;
}

/**
 * The rows of a table that are nearest to a vector, the nearest first: all are looked at. @param table row-major [rows, query.length].
 * @param add what to add to each row's squared distance. Default: nothing.
 */
export function nearest(table: Float32Array, query: Float32Array, count: number, add?: (row: number) => number): Near[] {
  const dim = query.length;
  const rows = dim === 0 ? 0 : Math.floor(table.length / dim);
  const found: Near[] = [];
  if (count < 1) return found;
  let worst = Infinity;
  for (let row = 0; row < rows; row++) {
    let squared = add?.(row) ?? 0;
    const first = row * dim;
    for (let i = 0; i < dim && squared < worst; i++) {
      const difference = table[first + i]! - query[i]!;
      squared += difference * difference;
    }
    if (!(squared < worst)) continue;
    let at = found.length;
    while (at > 0 && found[at - 1]!.squared > squared) at--;
    found.splice(at, 0, { row, squared });
    if (found.length > count) found.pop();
    if (found.length === count) worst = found.at(-1)!.squared;
  }
  return found;
}
