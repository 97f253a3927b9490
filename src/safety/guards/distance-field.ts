/** Distances between pairs of shapes, asked by joint positions; `CollisionModel.field()` of src/robot/ makes them. */
export interface DistanceField {
  readonly jointNames: readonly string[];
  /** What is measured: a link against a link ("self"), or against an obstacle by its name. */
  readonly pairs: readonly { readonly kind: "self" | "scene" | "keep_out"; readonly first: string; readonly second: string }[];
  /**
   * @param reachM up to where a pair's distance matters, [pairs], m.
   * @param distances filled, [pairs], m: signed, negative is overlap; Infinity beyond the reach.
   * @param offsets filled, [pairs, 3], m: from the first shape's centre to the second's.
   */
  measure(positions: ArrayLike<number>, reachM: ArrayLike<number>, distances: Float64Array, offsets: Float64Array): void;
}

/** A robot whose shapes' distances can be asked. */
export interface CollisionDistances {
  field(kinds: readonly ("self" | "scene" | "keep_out")[]): DistanceField;
}
