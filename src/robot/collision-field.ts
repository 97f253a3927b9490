import { ConvexDistance } from "./convex-distance.js";
import type { ConvexShapes } from "./convex-shapes.js";
import type { ShapeKinematics } from "./shape-kinematics.js";

/** Two shapes that must keep apart: of two links, or of a link and an obstacle. */
export interface ShapePair {
  readonly kind: "self" | "scene" | "keep_out";
  /** The link of the first shape. */
  readonly first: string;
  /** The link of the second shape, or the obstacle's name. */
  readonly second: string;
  /** MuJoCo's geoms. */
  readonly geoms: readonly [number, number];
}

/**
 * Signed distances between pairs of shapes: negative is how deep one is in the other. Most pairs are far apart: their bounding
 * spheres say so; the others get the exact distance.
 */
export class CollisionField {
  readonly pairs: readonly ShapePair[];
  readonly jointNames: readonly string[];
  readonly #placed: ShapeKinematics;
  readonly #shapes: ConvexShapes;
  readonly #distance: ConvexDistance;
  readonly #first: Int32Array;
  readonly #second: Int32Array;

  constructor(placed: ShapeKinematics, shapes: ConvexShapes, pairs: readonly ShapePair[]) {
    this.pairs = pairs;
    this.jointNames = placed.jointNames;
    this.#placed = placed;
    this.#shapes = shapes;
    this.#distance = new ConvexDistance(shapes);
    this.#first = Int32Array.from(pairs, ({ geoms }) => geoms[0]);
    this.#second = Int32Array.from(pairs, ({ geoms }) => geoms[1]);
  }

  /**
   * @param positions of the controlled joints, [joints] (rad, m). @param reachM up to where a pair's distance matters, [pairs], m.
   * @param distances filled, [pairs], m: signed, when below the reach, else Infinity; NaN when the positions put a shape nowhere.
   * @param offsets filled, [pairs, 3], m: from the centre of the first shape to that of the second (of a half-space, its point).
   * @throws RangeError when a position is not finite, naming the joint.
   */
  measure(positions: ArrayLike<number>, reachM: ArrayLike<number>, distances: Float64Array, offsets: Float64Array): void {
    for (let j = 0; j < this.jointNames.length; j++) {
      if (!Number.isFinite(positions[j])) throw new RangeError(`The position of ${this.jointNames[j]} is ${positions[j]}.`);
    }
    this.#placed.place(positions);
    // Fetched anew each time: a view is dead once the WebAssembly memory has grown.
    const centres = this.#placed.data.geom_xpos as Float64Array;
    const rotations = this.#placed.data.geom_xmat as Float64Array;
    for (let pair = 0; pair < this.pairs.length; pair++) {
      const a = this.#first[pair]!;
      const b = this.#second[pair]!;
      const x = centres[3 * b]! - centres[3 * a]!;
      const y = centres[3 * b + 1]! - centres[3 * a + 1]!;
      const z = centres[3 * b + 2]! - centres[3 * a + 2]!;
      offsets[3 * pair] = x;
      offsets[3 * pair + 1] = y;
      offsets[3 * pair + 2] = z;
      const reach = reachM[pair]!;
      const spheres = Math.sqrt(x * x + y * y + z * z) - this.#shapes.bound[a]! - this.#shapes.bound[b]!;
      distances[pair] = spheres >= reach && !this.#shapes.isPlane(b) ? Infinity : this.#distance.between(a, b, reach, x, y, z, rotations);
    }
  }
}
