import type { ConvexShapes } from "./convex-shapes.js";
import { Simplex } from "./simplex.js";

/** Upper and lower bound this near, m: done. */
const TOLERANCE = 1e-9;
/** Cores nearer than this, m, count as overlapping. */
const TOUCHING = 1e-10;
/** Seldom more than twenty are needed. What is returned after any number of them is a lower bound of the distance. */
const ITERATIONS = 100;

/** Half of the directions to the faces, edges and corners of a cube. */
const DIRECTIONS: readonly (readonly [number, number, number])[] = [
  [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1], [1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1],
];

/**
 * Signed distance of two convex shapes. Apart: the algorithm of Gilbert, Johnson and Keerthi (1988). Overlapping: minus the least
 * way along a number of directions that parts them; the true depth is that or less.
 *
 * Either way the result is the gap between two parallel planes that hold the shapes apart, so rounding can make it too small but
 * never too large. (MuJoCo's own mj_geomDistance is not used: for overlapping shapes its WebAssembly build now and then reads
 * outside its memory and loses its stack.)
 */
export class ConvexDistance {
  readonly #shapes: ConvexShapes;
  readonly #simplex = new Simplex();
  readonly #p = new Float64Array(3);
  readonly #q = new Float64Array(3);
  /** Of the difference of the shapes, the point least far along the last direction. */
  readonly #least = new Float64Array(3);
  /** Centre of the second shape as seen from the first. */
  readonly #offset = new Float64Array(3);

  constructor(shapes: ConvexShapes) {
    this.#shapes = shapes;
  }

  /**
   * @param reachM from here on the distance does not matter. @param x, y, z from the centre of `a` to that of `b`, m.
   * @param rotations of all geoms, row-major [geoms, 3, 3].
   * @returns m; Infinity when not below the reach; NaN when the shapes are nowhere.
   */
  between(a: number, b: number, reachM: number, x: number, y: number, z: number, rotations: Float64Array): number {
    this.#offset[0] = x;
    this.#offset[1] = y;
    this.#offset[2] = z;
    const distance = this.#shapes.isPlane(b) ? this.#abovePlane(a, b, rotations) : this.#gjk(a, b, reachM, rotations);
    return distance >= reachM ? Infinity : distance;
  }

  #abovePlane(a: number, plane: number, rotations: Float64Array): number {
    // Away from the plane is from `b` to `a`: the direction of separation is against the plane's normal.
    const r = 9 * plane;
    return this.#separation(a, plane, -rotations[r + 2]!, -rotations[r + 5]!, -rotations[r + 8]!, rotations);
  }

  #gjk(a: number, b: number, reachM: number, rotations: Float64Array): number {
    const round = this.#shapes.radius[a]! + this.#shapes.radius[b]!;
    const v = this.#simplex.nearest;
    v.set(this.#offset);
    this.#simplex.clear();
    let lower = -Infinity;
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const length = Math.sqrt(v[0]! * v[0]! + v[1]! * v[1]! + v[2]! * v[2]!);
      if (Number.isNaN(length)) return NaN;
      if (length <= TOUCHING) return this.#overlap(a, b, rotations);
      lower = Math.max(lower, this.#separation(a, b, v[0]! / length, v[1]! / length, v[2]! / length, rotations));
      if (lower >= reachM || length - round - lower <= TOLERANCE) return lower;
      // A corner that is there already: as near as rounding lets it.
      if (!this.#simplex.add(this.#least)) break;
      if (!this.#simplex.reduce()) return this.#overlap(a, b, rotations);
    }
    return lower > -round ? lower : this.#overlap(a, b, rotations);
  }

  /** Width of the gap between planes across a unit vector, the first shape behind one, the second beyond the other; m. */
  #separation(a: number, b: number, x: number, y: number, z: number, rotations: Float64Array): number {
    this.#shapes.support(a, x, y, z, rotations, this.#p);
    this.#shapes.support(b, -x, -y, -z, rotations, this.#q);
    for (let i = 0; i < 3; i++) this.#least[i] = this.#offset[i]! + this.#q[i]! - this.#p[i]!;
    return x * this.#least[0]! + y * this.#least[1]! + z * this.#least[2]! - this.#shapes.radius[a]! - this.#shapes.radius[b]!;
  }

  /** The widest gap, all being negative, of those across the line of centres, the axes, their products, and directions all round. */
  #overlap(a: number, b: number, rotations: Float64Array): number {
    let widest = this.#alongEither(a, b, this.#offset[0]!, this.#offset[1]!, this.#offset[2]!, rotations, -Infinity);
    for (const [x, y, z] of DIRECTIONS) widest = this.#alongEither(a, b, x, y, z, rotations, widest);
    for (const geom of [a, b]) {
      for (let axis = 0; axis < 3; axis++) {
        const i = 9 * geom + axis;
        const [x, y, z] = [rotations[i]!, rotations[i + 3]!, rotations[i + 6]!];
        widest = this.#alongEither(a, b, x, y, z, rotations, widest);
        // From the axis of a cylinder straight to the other's centre.
        const along = x * this.#offset[0]! + y * this.#offset[1]! + z * this.#offset[2]!;
        widest = this.#alongEither(a, b, this.#offset[0]! - along * x, this.#offset[1]! - along * y, this.#offset[2]! - along * z, rotations, widest);
      }
    }
    for (let i = 9 * a; i < 9 * a + 3; i++) {
      for (let j = 9 * b; j < 9 * b + 3; j++) {
        const x = rotations[i + 3]! * rotations[j + 6]! - rotations[i + 6]! * rotations[j + 3]!;
        const y = rotations[i + 6]! * rotations[j]! - rotations[i]! * rotations[j + 6]!;
        const z = rotations[i]! * rotations[j + 3]! - rotations[i + 3]! * rotations[j]!;
        widest = this.#alongEither(a, b, x, y, z, rotations, widest);
      }
    }
    return widest;
  }

  #alongEither(a: number, b: number, x: number, y: number, z: number, rotations: Float64Array, widest: number): number {
    const length = Math.sqrt(x * x + y * y + z * z);
    if (length < 1e-9) return widest;
    return Math.max(
      widest,
      this.#separation(a, b, x / length, y / length, z / length, rotations),
      this.#separation(a, b, -x / length, -y / length, -z / length, rotations),
    );
  }
}
