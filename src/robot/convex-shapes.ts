import type { MjModel } from "@mujoco/mujoco";
import type { Mujoco } from "./mujoco.js";

type Core =
  | { readonly kind: "point" | "plane" }
  | { readonly kind: "segment"; readonly half: number }
  | { readonly kind: "cylinder"; readonly radius: number; readonly half: number }
  | { readonly kind: "box"; readonly x: number; readonly y: number; readonly z: number }
  /** Corners, [corners, 3], in the geom's frame. */
  | { readonly kind: "hull"; readonly corners: Float64Array };

/**
 * The convex shapes of a MuJoCo model by their support points. Spheres and capsules are points and segments with a radius round
 * them, so that their distance is exact also when they overlap a little; meshes are their convex hulls.
 */
export class ConvexShapes {
  /** Round the core of each geom, m. */
  readonly radius: Float64Array;
  /** Of the sphere about each geom's centre that holds it, m; 0 for a plane. */
  readonly bound: Float64Array;
  readonly #cores: readonly Core[];

  constructor(mj: Mujoco, model: MjModel) {
    const { mjGEOM_SPHERE: sphere, mjGEOM_CAPSULE: capsule, mjGEOM_CYLINDER: cylinder, mjGEOM_BOX: box, mjGEOM_PLANE: plane } = mj.mjtGeom;
    const size = Float64Array.from(model.geom_size as Float64Array);
    const types = Array.from(model.geom_type as Int32Array);
    this.bound = Float64Array.from(model.geom_rbound as Float64Array);
    this.radius = Float64Array.from(types, (type, g) => type === sphere.value || type === capsule.value ? size[3 * g]! : 0);
    this.#cores = types.map((type, g): Core => {
      const [a, b, c] = [size[3 * g]!, size[3 * g + 1]!, size[3 * g + 2]!];
      switch (type) {
        case sphere.value: return { kind: "point" };
        case plane.value: return { kind: "plane" };
        case capsule.value: return { kind: "segment", half: b };
        case cylinder.value: return { kind: "cylinder", radius: a, half: b };
        case box.value: return { kind: "box", x: a, y: b, z: c };
        default: return { kind: "hull", corners: hullCorners(model, model.geom_dataid[g] as number) };
      }
    });
  }

  isPlane(geom: number): boolean {
    return this.#cores[geom]!.kind === "plane";
  }

  /**
   * The point of a geom's core farthest along (x, y, z), from the geom's centre, in the base frame.
   *
   * @param rotations of all geoms, row-major [geoms, 3, 3]. @param out filled, [3].
   */
  support(geom: number, x: number, y: number, z: number, rotations: Float64Array, out: Float64Array): void {
    const core = this.#cores[geom]!;
    const r = 9 * geom;
    // The direction in the geom's frame.
    const u = x * rotations[r]! + y * rotations[r + 3]! + z * rotations[r + 6]!;
    const v = x * rotations[r + 1]! + y * rotations[r + 4]! + z * rotations[r + 7]!;
    const w = x * rotations[r + 2]! + y * rotations[r + 5]! + z * rotations[r + 8]!;
    let a = 0;
    let b = 0;
    let c = 0;
    switch (core.kind) {
      case "point":
      case "plane":
        break;
      case "segment":
        c = w < 0 ? -core.half : core.half;
        break;
      case "cylinder": {
        const across = Math.sqrt(u * u + v * v);
        if (across > 0) {
          a = (core.radius * u) / across;
          b = (core.radius * v) / across;
        }
        c = w < 0 ? -core.half : core.half;
        break;
      }
      case "box":
        a = u < 0 ? -core.x : core.x;
        b = v < 0 ? -core.y : core.y;
        c = w < 0 ? -core.z : core.z;
        break;
      case "hull": {
        const { corners } = core;
        let farthest = -Infinity;
        for (let i = 0; i < corners.length; i += 3) {
          const along = u * corners[i]! + v * corners[i + 1]! + w * corners[i + 2]!;
          if (along > farthest) {
            farthest = along;
            a = corners[i]!;
            b = corners[i + 1]!;
            c = corners[i + 2]!;
          }
        }
        break;
      }
    }
    out[0] = rotations[r]! * a + rotations[r + 1]! * b + rotations[r + 2]! * c;
    out[1] = rotations[r + 3]! * a + rotations[r + 4]! * b + rotations[r + 5]! * c;
    out[2] = rotations[r + 6]! * a + rotations[r + 7]! * b + rotations[r + 8]! * c;
  }
}

/** Corners of a mesh's convex hull where MuJoCo made one, else all its corners. */
function hullCorners(model: MjModel, mesh: number): Float64Array {
  const first = model.mesh_vertadr[mesh] as number;
  const graph = model.mesh_graphadr[mesh] as number;
  const all = Array.from({ length: model.mesh_vertnum[mesh] as number }, (_, i) => i);
  // mjModel.mesh_graph: number of corners, number of faces, edge address of each corner, then the corners' numbers.
  const count = graph < 0 ? 0 : model.mesh_graph[graph] as number;
  const ids = graph < 0 ? all : Array.from({ length: count }, (_, i) => model.mesh_graph[graph + 2 + count + i] as number);
  return Float64Array.from(ids.flatMap((id) => [0, 1, 2].map((axis) => model.mesh_vert[3 * (first + id) + axis] as number)));
}
