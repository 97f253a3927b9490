import { type ExcludedPair, rigidBodies, structuralExclusion } from "./allowed-contacts.js";
import { CollisionField, type ShapePair } from "./collision-field.js";
import { collisionMjcf } from "./collision-mjcf.js";
import { controlledJoints, type JointSelection } from "./controlled-joints.js";
import { ConvexShapes } from "./convex-shapes.js";
import { readMeshFile } from "./mesh-file.js";
import { type Mujoco, mujoco } from "./mujoco.js";
import { pairKey } from "./pair-key.js";
import { type SampledContacts, sampleContacts } from "./sample-contacts.js";
import { ShapeKinematics } from "./shape-kinematics.js";
import type { StaticObstacle } from "./types.js";
import { parseUrdf } from "./urdf.js";
import { type UrdfShape, parseCollisionShapes } from "./urdf-shapes.js";

export interface CollisionModelOptions extends JointSelection {
  /** What stands about, in the frame of the base link. */
  readonly obstacles?: readonly StaticObstacle[];
  /** What these joints move may touch itself. Default: the joints with "finger" or "gripper" in their name. */
  readonly gripperJoints?: readonly string[];
  /** Pairs of links that are never farther apart than this count as made so, m. Default 0.02. */
  readonly alwaysCloseM?: number;
  /** Bytes of a mesh by its URI; throws when there is none. Default: readMeshFile. */
  readonly readMesh?: (uri: string) => Uint8Array;
  /** What to do about a mesh that cannot be read. Default "refuse". */
  readonly unreadableMeshes?: "refuse" | "ignore";
}

/** Share of random configurations in contact from which on a pair of links is left out, as MoveIt's Setup Assistant has it. */
const ALWAYS_SHARE = 0.95;

/**
 * Distances between the collision shapes of a robot's URDF, and from them to what stands about. Shapes are convex: a mesh counts as
 * its convex hull. Which links may touch is found at the start: neighbours, and pairs that random configurations (always the
 * same ones) show in contact, or close, all the time.
 */
export class CollisionModel {
  /** Pairs of links that are not checked, and why. Worth a line in a log. */
  readonly excluded: readonly ExcludedPair[];
  /** URIs of the meshes that were left out because they could not be read. */
  readonly ignoredMeshes: readonly string[];
  readonly jointNames: readonly string[];
  readonly #placed: ShapeKinematics;
  readonly #convex: ConvexShapes;
  readonly #pairs: readonly ShapePair[];

  private constructor(mj: Mujoco, xml: string, options: CollisionModelOptions) {
    const urdf = parseUrdf(xml);
    const { baseLink, obstacles = [] } = options;
    const { below: joints, jointNames, limits } = controlledJoints(urdf, options);
    this.jointNames = jointNames;
    const bodies = rigidBodies(baseLink, joints);
    const below = parseCollisionShapes(xml).filter(({ link }) => bodies.has(link));
    const { shapes, meshes, ignored } = readMeshes(below, options);
    this.ignoredMeshes = ignored;
    if (!shapes.some(({ link }) => bodies.get(link) !== 0)) {
      throw new Error(`robot: the URDF "${urdf.name}" has no collision shape on a link that moves; add <collision> elements, or switch the collision check off`);
    }
    this.#placed = new ShapeKinematics(mj, collisionMjcf(baseLink, joints, shapes, obstacles, meshes), joints, this.jointNames);
    try {
      this.#convex = new ConvexShapes(mj, this.#placed.model);
      const ids = shapes.map((_, i) => this.#placed.shapeId(i));
      const gripper = options.gripperJoints ?? this.jointNames.filter((name) => /finger|gripper/i.test(name));
      const why = structuralExclusion(baseLink, joints, gripper);
      const excluded = new Map<string, ExcludedPair>();
      const self: ShapePair[] = [];
      for (const [i, { link: first }] of shapes.entries()) {
        for (const [j, { link: second }] of shapes.entries()) {
          if (j <= i || first === second) continue;
          const reason = why(first, second);
          if (reason === undefined) self.push({ kind: "self", first, second, geoms: [ids[i]!, ids[j]!] });
          else excluded.set(pairKey({ first, second }), { first, second, why: reason });
        }
      }
      const sampled = sampleContacts(new CollisionField(this.#placed, this.#convex, self), limits, options.alwaysCloseM ?? 0.02);
      for (const { first, second } of self) {
        const reason = exclusionOf(sampled.get(pairKey({ first, second }))!);
        if (reason !== undefined) excluded.set(pairKey({ first, second }), { first, second, why: reason });
      }
      this.excluded = [...excluded.values()];
      const around = obstacles.flatMap((obstacle, o) =>
        linksOf(obstacle, shapes, bodies).map((i): ShapePair =>
          ({ kind: obstacle.kind, first: shapes[i]!.link, second: obstacle.name, geoms: [ids[i]!, this.#placed.obstacleId(o)] })));
      this.#pairs = [...self.filter((pair) => !excluded.has(pairKey(pair))), ...around];
    } catch (error) {
      this.#placed.dispose();
      throw error;
    }
  }

  /**
   * @throws Error with one line when the URDF cannot be read, lacks a named link or joint, has no collision shape that moves, or
   *   names a mesh that cannot be read; or when an obstacle names a link that does not move or has no shape.
   */
  static async fromUrdf(xml: string, options: CollisionModelOptions): Promise<CollisionModel> {
    return new CollisionModel(await mujoco(), xml, options);
  }

  /** Distances of the pairs of these kinds. Fields share the model: they are of no use after dispose(). */
  field(kinds: readonly ShapePair["kind"][]): CollisionField {
    return new CollisionField(this.#placed, this.#convex, this.#pairs.filter(({ kind }) => kinds.includes(kind)));
  }

  /** Gives the WebAssembly memory back. */
  dispose(): void {
    this.#placed.dispose();
  }
}

function exclusionOf({ contactShare, everClear }: SampledContacts): ExcludedPair["why"] | undefined {
  if (contactShare >= ALWAYS_SHARE) return "always_in_contact";
  return everClear ? undefined : "always_close";
}

/** Indices of the shapes that an obstacle is for. */
function linksOf(obstacle: StaticObstacle, shapes: readonly UrdfShape[], bodies: ReadonlyMap<string, number>): number[] {
  for (const link of obstacle.links ?? []) {
    const fault = !bodies.has(link) ? "which the robot does not have below its base link"
      : bodies.get(link) === 0 ? "which does not move"
      : shapes.some((shape) => shape.link === link) ? undefined : "which has no collision shape";
    if (fault !== undefined) throw new Error(`robot: the ${obstacle.kind} entry "${obstacle.name}" names the link "${link}", ${fault}`);
  }
  return [...shapes.keys()].filter((i) => bodies.get(shapes[i]!.link) !== 0 && (obstacle.links?.includes(shapes[i]!.link) ?? true));
}

function readMeshes(
  all: readonly UrdfShape[], options: CollisionModelOptions,
): { shapes: UrdfShape[]; meshes: Map<string, Uint8Array>; ignored: string[] } {
  const meshes = new Map<string, Uint8Array>();
  const ignored: string[] = [];
  const shapes = all.filter(({ geometry, link }) => {
    if (geometry.kind !== "mesh") return true;
    try {
      if (!meshes.has(geometry.uri)) meshes.set(geometry.uri, (options.readMesh ?? readMeshFile)(geometry.uri));
      return true;
    } catch (cause) {
      if (options.unreadableMeshes !== "ignore") {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`robot: the collision mesh "${geometry.uri}" of link "${link}" cannot be read (${why}); install it, or say that unreadable meshes are ignored`, { cause });
      }
      ignored.push(geometry.uri);
      return false;
    }
  });
  return { shapes, meshes, ignored };
}
