/** The subsets of up to four corners, as bits, by the number of corners. */
const EDGES = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]] as const;
const FACES = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]] as const;

/**
 * Up to four points, and the point of their convex hull nearest to the origin. All faces, edges and corners are tried, which is
 * slower than following the regions they own but has no special cases.
 */
export class Simplex {
  /** Of the hull, the point nearest to the origin, after reduce(), [3]. */
  readonly nearest = new Float64Array(3);
  readonly #points = new Float64Array(12);
  readonly #best = new Float64Array(3);
  #count = 0;
  #bestSquared = Infinity;
  /** Bits of the corners whose hull holds the best point. */
  #bestCorners = 0;

  clear(): void {
    this.#count = 0;
  }

  /** @returns false when the point is a corner already, or there are four. */
  add(point: Float64Array): boolean {
    const p = this.#points;
    if (this.#count === 4) return false;
    for (let i = 0; i < 3 * this.#count; i += 3) {
      if (p[i] === point[0] && p[i + 1] === point[1] && p[i + 2] === point[2]) return false;
    }
    p.set(point, 3 * this.#count);
    this.#count++;
    return true;
  }

  /**
   * Finds the nearest point and forgets the corners that it does not need.
   *
   * @returns false when the origin is inside the tetrahedron.
   */
  reduce(): boolean {
    const n = this.#count;
    if (n === 4 && this.#holdsOrigin()) return false;
    this.#bestSquared = Infinity;
    for (let i = 0; i < n; i++) this.#offer(1 << i, this.#points[3 * i]!, this.#points[3 * i + 1]!, this.#points[3 * i + 2]!);
    for (const [i, j] of EDGES) if (j < n) this.#tryEdge(i, j);
    for (const [i, j, k] of FACES) if (k < n) this.#tryFace(i, j, k);
    let kept = 0;
    for (let i = 0; i < n; i++) {
      if ((this.#bestCorners & (1 << i)) === 0) continue;
      this.#points.copyWithin(3 * kept, 3 * i, 3 * i + 3);
      kept++;
    }
    this.#count = kept;
    this.nearest.set(this.#best);
    return true;
  }

  #offer(corners: number, x: number, y: number, z: number): void {
    const squared = x * x + y * y + z * z;
    if (!(squared < this.#bestSquared)) return;
    this.#bestSquared = squared;
    this.#bestCorners = corners;
    this.#best[0] = x;
    this.#best[1] = y;
    this.#best[2] = z;
  }

  #tryEdge(i: number, j: number): void {
    const p = this.#points;
    const [x, y, z] = [p[3 * i]!, p[3 * i + 1]!, p[3 * i + 2]!];
    const [ex, ey, ez] = [p[3 * j]! - x, p[3 * j + 1]! - y, p[3 * j + 2]! - z];
    const t = -(x * ex + y * ey + z * ez) / (ex * ex + ey * ey + ez * ez);
    if (t > 0 && t < 1) this.#offer((1 << i) | (1 << j), x + t * ex, y + t * ey, z + t * ez);
  }

  #tryFace(i: number, j: number, k: number): void {
    const p = this.#points;
    const [x, y, z] = [p[3 * i]!, p[3 * i + 1]!, p[3 * i + 2]!];
    const [ex, ey, ez] = [p[3 * j]! - x, p[3 * j + 1]! - y, p[3 * j + 2]! - z];
    const [fx, fy, fz] = [p[3 * k]! - x, p[3 * k + 1]! - y, p[3 * k + 2]! - z];
    const ee = ex * ex + ey * ey + ez * ez;
    const ef = ex * fx + ey * fy + ez * fz;
    const ff = fx * fx + fy * fy + fz * fz;
    const pe = -(x * ex + y * ey + z * ez);
    const pf = -(x * fx + y * fy + z * fz);
    const det = ee * ff - ef * ef;
    const s = (pe * ff - pf * ef) / det;
    const t = (pf * ee - pe * ef) / det;
    // A face without area gives numbers that are not finite, or wild ones; its edges do then.
    if (!(det > 1e-14 * ee * ff) || !(s > 0 && t > 0 && s + t < 1)) return;
    this.#offer((1 << i) | (1 << j) | (1 << k), x + s * ex + t * fx, y + s * ey + t * fy, z + s * ez + t * fz);
  }

  /** Whether the origin is on the inner side of all four faces. */
  #holdsOrigin(): boolean {
    let side = 0;
    for (const [i, j, k] of FACES) {
      const other = 6 - i - j - k;
      const inner = this.#volume(i, j, k, other);
      const origin = this.#volume(i, j, k, undefined);
      if (inner === 0 || inner * origin < 0) return false;
      side += Math.abs(origin);
    }
    return side > 0;
  }

  /** Six times the signed volume of the tetrahedron on a face, up to a corner, or to the origin. */
  #volume(i: number, j: number, k: number, top: number | undefined): number {
    const p = this.#points;
    const [x, y, z] = [p[3 * i]!, p[3 * i + 1]!, p[3 * i + 2]!];
    const [ex, ey, ez] = [p[3 * j]! - x, p[3 * j + 1]! - y, p[3 * j + 2]! - z];
    const [fx, fy, fz] = [p[3 * k]! - x, p[3 * k + 1]! - y, p[3 * k + 2]! - z];
    const [tx, ty, tz] = top === undefined ? [-x, -y, -z] : [p[3 * top]! - x, p[3 * top + 1]! - y, p[3 * top + 2]! - z];
    return tx * (ey * fz - ez * fy) + ty * (ez * fx - ex * fz) + tz * (ex * fy - ey * fx);
  }
}
