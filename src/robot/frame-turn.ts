import { composed, eulerOfRotation, rotationOfEuler } from "./rotation.js";

/**
 * How the model's axes lie in the base frame: turned about a vertical line. A point p of the model's frame is at
 * pivot + R(angle) (p - pivot) in the base frame.
 */
export interface Turn {
  /** Counterclockwise seen from above, rad. */
  readonly angleRad: number;
  /** Where the vertical line goes through, x and y in the base frame, m. It stays where it is. */
  readonly pivotM: readonly [number, number];
}

/** Names of two numbers of which the turn makes others: a place, or a vector such as a displacement or a velocity. */
const PLANES: readonly { readonly x: string; readonly y: string; readonly place: boolean }[] = [
  { x: "ee_x", y: "ee_y", place: true },
  { x: "ee_vx", y: "ee_vy", place: false },
  { x: "dx", y: "dy", place: false },
];
/** Names of three extrinsic xyz angles: of a rotation that is, or of one that is put before it. */
const ROTATIONS: readonly { readonly names: readonly [string, string, string]; readonly change: boolean }[] = [
  { names: ["ee_roll", "ee_pitch", "ee_yaw"], change: false },
  { names: ["droll", "dpitch", "dyaw"], change: true },
];

type Way = "to_base" | "to_model";

interface Plane {
  readonly x: number;
  readonly y: number;
  readonly place: boolean;
}

interface Angles {
  readonly at: readonly [number, number, number];
  readonly change: boolean;
}

/**
 * Turns rows of named numbers, actions or proprioception, between the model's frame and the base frame. Heights, grips and whatever
 * else does not depend on where x points stay as they are.
 */
export class FrameTurn {
  readonly #size: number;
  readonly #planes: readonly Plane[];
  readonly #rotations: readonly Angles[];
  readonly #cos: number;
  readonly #sin: number;
  readonly #angleRad: number;
  readonly #pivot: readonly [number, number];

  /** @param names of a row's numbers, as a manifest has them. @throws RangeError when the turn is not finite. @throws Error when there is an x without its y. */
  constructor(names: readonly string[], { angleRad, pivotM }: Turn) {
    if (![angleRad, ...pivotM].every(Number.isFinite)) throw new RangeError(`turn of ${angleRad} rad about ${pivotM.join(", ")}: give finite numbers`);
    this.#size = names.length;
    this.#planes = PLANES.flatMap(({ x, y, place }) => {
      const plane = { x: names.indexOf(x), y: names.indexOf(y), place };
      if ((plane.x < 0) !== (plane.y < 0)) throw new Error(`${plane.x < 0 ? y : x} without ${plane.x < 0 ? x : y} cannot be turned: ${names.join(",")}`);
      return plane.x < 0 ? [] : [plane];
    });
    this.#rotations = ROTATIONS.flatMap(({ names: angles, change }) => {
      const at = angles.map((name) => names.indexOf(name)) as [number, number, number];
      return at.some((index) => index < 0) ? [] : [{ at, change }];
    });
    this.#cos = Math.cos(angleRad);
    this.#sin = Math.sin(angleRad);
    this.#angleRad = angleRad;
    this.#pivot = pivotM;
  }

  /** @param rows row-major [n, names] in the model's frame. @returns a fresh array, or `into`, in the base frame. */
  toBase(rows: Float32Array, into: Float32Array = new Float32Array(rows.length)): Float32Array {
    return this.#turned(rows, into, "to_base");
  }

  /** The other way round. */
  toModel(rows: Float32Array, into: Float32Array = new Float32Array(rows.length)): Float32Array {
    return this.#turned(rows, into, "to_model");
  }

  #turned(rows: Float32Array, into: Float32Array, way: Way): Float32Array {
    into.set(rows);
    const sin = way === "to_base" ? this.#sin : -this.#sin;
    for (let row = 0; row < rows.length; row += this.#size) {
      for (const { x, y, place } of this.#planes) {
        const [px, py] = place ? this.#pivot : [0, 0];
        const [u, v] = [rows[row + x]! - px, rows[row + y]! - py];
        into[row + x] = px + this.#cos * u - sin * v;
        into[row + y] = py + sin * u + this.#cos * v;
      }
      for (const { at, change } of this.#rotations) this.#turnAngles(into, at.map((index) => row + index) as [number, number, number], change, way);
    }
    return into;
  }

  /** What is in the frame turns with it; a change of rotation is the same change about turned axes. */
  #turnAngles(into: Float32Array, [roll, pitch, yaw]: readonly [number, number, number], change: boolean, way: Way): void {
    const rotation = rotationOfEuler(into[roll]!, into[pitch]!, into[yaw]!);
    const angle = way === "to_base" ? this.#angleRad : -this.#angleRad;
    const turned = composed(rotationOfEuler(0, 0, angle), change ? composed(rotation, rotationOfEuler(0, 0, -angle)) : rotation);
    const angles = eulerOfRotation(turned);
    [roll, pitch, yaw].forEach((index, i) => { into[index] = angles[i]!; });
  }
}
