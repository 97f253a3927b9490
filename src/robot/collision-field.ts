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

/** How a geom's reach along a direction is found; what is not symmetric about its centre counts as its bounding sphere. */
const FORM = { sphere: 0, capsule: 1, cylinder: 2, box: 3, plane: 4 } as const;

/**
 * Signed distances between pairs of shapes: negative is how deep one is in the other. Most pairs are far apart, so only those that
 * two cheap lower bounds cannot tell apart (bounding spheres, then the gap along the line of centres, which separates convex
 * shapes) get the exact one from MuJoCo (Gilbert, Johnson, Keerthi 1988; expanding polytopes when they overlap).
 */
export class CollisionField {
  readonly pairs: readonly ShapePair[];
  readonly jointNames: readonly string[];
  readonly #shapes: ShapeKinematics;
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #form: Uint8Array;
  readonly #size: Float64Array;
  readonly #radius: Float64Array;

  constructor(shapes: ShapeKinematics, pairs: readonly ShapePair[]) {
    this.pairs = pairs;
    this.jointNames = shapes.jointNames;
    this.#shapes = shapes;
    this.#first = Int32Array.from(pairs, ({ geoms }) => geoms[0]);
    this.#second = Int32Array.from(pairs, ({ geoms }) => geoms[1]);
    const { mj, model } = shapes;
    const forms = new Map<number, number>([
      [mj.mjtGeom.mjGEOM_CAPSULE.value, FORM.capsule], [mj.mjtGeom.mjGEOM_CYLINDER.value, FORM.cylinder],
      [mj.mjtGeom.mjGEOM_BOX.value, FORM.box], [mj.mjtGeom.mjGEOM_PLANE.value, FORM.plane],
    ]);
    this.#form = Uint8Array.from(model.geom_type as Int32Array, (type) => forms.get(type) ?? FORM.sphere);
    this.#size = Float64Array.from(model.geom_size as Float64Array);
    this.#radius = Float64Array.from(model.geom_rbound as Float64Array);
  }

  /**
   * @param positions of the controlled joints, [joints] (rad, m). @param reachM up to where a pair's distance matters, [pairs], m.
   * @param distances filled, [pairs], m: exact when below the reach, else Infinity; NaN when the positions put a shape nowhere.
   * @param offsets filled, [pairs, 3], m: from the centre of the first shape to that of the second (of a half-space, its point).
   * @throws RangeError when a position is not finite, naming the joint.
   */
  measure(positions: ArrayLike<number>, reachM: ArrayLike<number>, distances: Float64Array, offsets: Float64Array): void {
    for (let j = 0; j < this.jointNames.length; j++) {
      if (!Number.isFinite(positions[j])) throw new RangeError(`The position of ${this.jointNames[j]} is ${positions[j]}.`);
    }
    const { mj, model, data } = this.#shapes;
    this.#shapes.place(positions);
    // Fetched anew each time: a view is dead once the WebAssembly memory has grown.
    const centres = data.geom_xpos as Float64Array;
    const rotations = data.geom_xmat as Float64Array;
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
      const bound = this.#form[b] === FORM.plane
        ? this.#aboveHalfSpace(a, b, x, y, z, rotations)
        : this.#gap(a, b, x, y, z, reach, rotations);
      if (bound >= reach) distances[pair] = Infinity;
      else if (Number.isNaN(bound)) distances[pair] = NaN;
      else {
        const exact = mj.mj_geomDistance(model, data, a, b, reach, null);
        distances[pair] = exact < reach ? exact : Number.isNaN(exact) ? NaN : Infinity;
      }
    }
  }

  /** A lower bound of the distance between two shapes whose centres are (x, y, z) apart. */
  #gap(a: number, b: number, x: number, y: number, z: number, reach: number, rotations: Float64Array): number {
    const apart = Math.sqrt(x * x + y * y + z * z);
    const spheres = apart - this.#radius[a]! - this.#radius[b]!;
    if (spheres >= reach || apart === 0) return spheres;
    const [nx, ny, nz] = [x / apart, y / apart, z / apart];
    return apart - this.#extent(a, nx, ny, nz, rotations) - this.#extent(b, nx, ny, nz, rotations);
  }

  /** How high the lowest point of shape `a` is above plane `b`, whose point is (x, y, z) from the shape's centre. */
  #aboveHalfSpace(a: number, b: number, x: number, y: number, z: number, rotations: Float64Array): number {
    const [nx, ny, nz] = [rotations[9 * b + 2]!, rotations[9 * b + 5]!, rotations[9 * b + 8]!];
    return -(nx * x + ny * y + nz * z) - this.#extent(a, nx, ny, nz, rotations);
  }

  /** How far a shape reaches from its centre along a unit vector. */
  #extent(geom: number, nx: number, ny: number, nz: number, rotations: Float64Array): number {
    const form = this.#form[geom]!;
    if (form === FORM.sphere || form === FORM.plane) return this.#radius[geom]!;
    const r = 9 * geom;
    const size = this.#size;
    const along = Math.abs(nx * rotations[r + 2]! + ny * rotations[r + 5]! + nz * rotations[r + 8]!);
    if (form === FORM.capsule) return size[3 * geom]! + size[3 * geom + 1]! * along;
    if (form === FORM.cylinder) return size[3 * geom]! * Math.sqrt(Math.max(0, 1 - along * along)) + size[3 * geom + 1]! * along;
    return (
      size[3 * geom]! * Math.abs(nx * rotations[r]! + ny * rotations[r + 3]! + nz * rotations[r + 6]!) +
      size[3 * geom + 1]! * Math.abs(nx * rotations[r + 1]! + ny * rotations[r + 4]! + nz * rotations[r + 7]!) +
      size[3 * geom + 2]! * along
    );
  }
}
