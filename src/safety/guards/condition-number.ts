/** Sweeps of the Jacobi method; it converges quadratically, six are plenty for 6 x 6. */
const SWEEPS = 12;

/**
 * Condition number of a matrix: its largest over its smallest singular value, Infinity when it loses rank. The eigenvalues of the
 * smaller Gram matrix by cyclic Jacobi rotations (Golub & Van Loan, section 8.5), in scratch memory of its own.
 *
 * The Gram matrix squares the number, so that above about 1e7 only "very large" is meant.
 */
export class ConditionNumber {
  readonly #rows: number;
  readonly #columns: number;
  readonly #gram: Float64Array;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
    const size = Math.min(rows, columns);
    this.#gram = new Float64Array(size * size);
  }

  /** @param matrix row-major [rows, columns]. @returns NaN when an entry is not finite. */
  of(matrix: ArrayLike<number>): number {
    const n = Math.min(this.#rows, this.#columns);
    this.#fillGram(matrix, n);
    const g = this.#gram;
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      let off = 0;
      let trace = 0;
      for (let p = 0; p < n; p++) {
        trace += Math.abs(g[p * n + p]!);
        for (let q = p + 1; q < n; q++) off += Math.abs(g[p * n + q]!);
      }
      if (!(off > 1e-15 * trace)) break;
      for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) this.#rotate(p, q, n);
    }
    let least = Infinity;
    let most = 0;
    for (let p = 0; p < n; p++) {
      least = Math.min(least, g[p * n + p]!);
      most = Math.max(most, g[p * n + p]!);
    }
    // Rounding leaves a lost rank slightly above or below zero.
    if (least <= 1e-15 * most) return Infinity;
    return Math.sqrt(most / least);
  }

  #fillGram(matrix: ArrayLike<number>, n: number): void {
    const wide = this.#rows <= this.#columns;
    const inner = Math.max(this.#rows, this.#columns);
    // Of row vectors when the matrix is wide, else of column vectors.
    const [stepOf, stepAlong] = wide ? [this.#columns, 1] : [1, this.#columns];
    for (let a = 0; a < n; a++) {
      for (let b = a; b < n; b++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += matrix[a * stepOf + k * stepAlong]! * matrix[b * stepOf + k * stepAlong]!;
        this.#gram[a * n + b] = sum;
        this.#gram[b * n + a] = sum;
      }
    }
  }

  /** Rotates the entry (p, q) to zero. */
  #rotate(p: number, q: number, n: number): void {
    const g = this.#gram;
    const off = g[p * n + q]!;
    if (off === 0) return;
    const theta = (g[q * n + q]! - g[p * n + p]!) / (2 * off);
    const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    const c = 1 / Math.sqrt(t * t + 1);
    const s = t * c;
    for (let k = 0; k < n; k++) {
      const kp = g[k * n + p]!;
      const kq = g[k * n + q]!;
      g[k * n + p] = c * kp - s * kq;
      g[k * n + q] = s * kp + c * kq;
    }
    for (let k = 0; k < n; k++) {
      const pk = g[p * n + k]!;
      const qk = g[q * n + k]!;
      g[p * n + k] = c * pk - s * qk;
      g[q * n + k] = s * pk + c * qk;
    }
  }
}
