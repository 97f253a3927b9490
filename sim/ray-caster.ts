import { VISIBLE_GROUP } from "./scene.js";
import type { SimWorld } from "./world.js";

/** What rays hit; arrays grow as needed and are reused by the next cast. */
export interface RayHits {
  /** Geom id or -1, [rays]. */
  geom: Int32Array;
  /** In units of the ray's own length, -1 where nothing is hit, [rays]. */
  distance: Float64Array;
  /** Surface normal, [rays, 3]. */
  normal: Float64Array;
}

/** MuJoCo wants buffers of exactly the ray count, so rays go in packets of this many. */
const PACKET = 1024;
const INFINITELY_FAR = 1e6;

/** Casts any number of rays from one point against the visible geoms with `mj_multiRay`. */
export class RayCaster {
  readonly #world: SimWorld;
  readonly #geom: InstanceType<SimWorld["mj"]["IntBuffer"]>;
  readonly #distance: InstanceType<SimWorld["mj"]["DoubleBuffer"]>;
  readonly #normal: InstanceType<SimWorld["mj"]["DoubleBuffer"]>;
  readonly #packet: number[] = new Array<number>(3 * PACKET).fill(1);
  readonly #groups: number[] = [0, 1, 2, 3, 4, 5].map((group) => (group === VISIBLE_GROUP ? 1 : 0));

  constructor(world: SimWorld) {
    this.#world = world;
    this.#geom = new world.mj.IntBuffer(PACKET);
    this.#distance = new world.mj.DoubleBuffer(PACKET);
    this.#normal = new world.mj.DoubleBuffer(3 * PACKET);
  }

  /**
   * @param directions [count, 3], any length. @param hits results; made larger when too small.
   * @param withNormals false saves the normals' time (they are left as they were).
   */
  cast(origin: readonly number[], directions: Float64Array, count: number, hits: RayHits, options: { readonly withNormals: boolean }): void {
    if (hits.geom.length < count) {
      hits.geom = new Int32Array(count);
      hits.distance = new Float64Array(count);
      hits.normal = new Float64Array(3 * count);
    }
    const { mj, model, data } = this.#world;
    for (let first = 0; first < count; first += PACKET) {
      const n = Math.min(PACKET, count - first);
      for (let i = 0; i < 3 * n; i++) this.#packet[i] = directions[3 * first + i] as number;
      mj.mj_multiRay(model, data, origin as number[], this.#packet, this.#groups, true, -1, this.#geom, this.#distance, options.withNormals ? this.#normal : null, PACKET, INFINITELY_FAR);
      hits.geom.set((this.#geom.GetView() as Int32Array).subarray(0, n), first);
      hits.distance.set((this.#distance.GetView() as Float64Array).subarray(0, n), first);
      if (options.withNormals) hits.normal.set((this.#normal.GetView() as Float64Array).subarray(0, 3 * n), 3 * first);
    }
  }
}

/** Empty results for `RayCaster.cast` to fill. */
export function noHits(): RayHits {
  return { geom: new Int32Array(0), distance: new Float64Array(0), normal: new Float64Array(0) };
}
