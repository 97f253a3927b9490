import type { MjData, MjModel } from "@mujoco/mujoco";
import { type CollisionMjcf, mjcfJoint, obstacleGeom, shapeGeom } from "./collision-mjcf.js";
import type { Mujoco } from "./mujoco.js";
import type { UrdfJoint } from "./urdf.js";

/** Where a joint's position comes from: of the controlled joint `source`, times `multiplier`, plus `offset`; none: `offset`. */
interface JointSource {
  readonly qpos: number;
  readonly source: number | undefined;
  readonly multiplier: number;
  readonly offset: number;
}

/** The collision shapes of a robot, put where the joints say; MuJoCo inside. */
export class ShapeKinematics {
  readonly mj: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  readonly jointNames: readonly string[];
  readonly #sources: readonly JointSource[];

  /** @param joints all joints below the base, as the MJCF was made from them. @param jointNames the controlled ones. */
  constructor(mj: Mujoco, mjcf: CollisionMjcf, joints: readonly UrdfJoint[], jointNames: readonly string[]) {
    this.mj = mj;
    this.jointNames = jointNames;
    this.model = compile(mj, mjcf);
    this.data = new mj.MjData(this.model);
    const kind = mj.mjtObj.mjOBJ_JOINT.value;
    this.#sources = joints.flatMap((joint, i) => {
      if (joint.type === "fixed") return [];
      const qpos = this.model.jnt_qposadr[mj.mj_name2id(this.model, kind, mjcfJoint(i))] as number;
      return [{ qpos, ...sourceOf(joint, joints, jointNames) }];
    });
  }

  /** Gives the WebAssembly memory back. */
  dispose(): void {
    this.data.delete();
    this.model.delete();
  }

  shapeId(i: number): number {
    return this.mj.mj_name2id(this.model, this.mj.mjtObj.mjOBJ_GEOM.value, shapeGeom(i));
  }

  obstacleId(i: number): number {
    return this.mj.mj_name2id(this.model, this.mj.mjtObj.mjOBJ_GEOM.value, obstacleGeom(i));
  }

  /** Puts the shapes where the controlled joints say, [joints] (rad, m); mimic joints follow. */
  place(positions: ArrayLike<number>): void {
    const qpos = this.data.qpos as Float64Array;
    for (const { qpos: address, source, multiplier, offset } of this.#sources) {
      qpos[address] = source === undefined ? offset : multiplier * positions[source]! + offset;
    }
    this.mj.mj_kinematics(this.model, this.data);
  }
}

/** Follows mimicry to a controlled joint. A joint that nobody moves stays at zero, or at its limit nearest to zero. */
function sourceOf(joint: UrdfJoint, joints: readonly UrdfJoint[], controlled: readonly string[]): Omit<JointSource, "qpos"> {
  let multiplier = 1;
  let offset = 0;
  const seen = new Set<string>();
  for (let at: UrdfJoint | undefined = joint; at !== undefined && !seen.has(at.name); ) {
    seen.add(at.name);
    const index = controlled.indexOf(at.name);
    if (index >= 0) return { source: index, multiplier, offset };
    const leader: string | undefined = at.mimics;
    if (leader === undefined) break;
    offset += multiplier * at.mimicOffset;
    multiplier *= at.mimicMultiplier;
    at = joints.find(({ name }) => name === leader);
  }
  return { source: undefined, multiplier: 0, offset: Math.min(joint.limits?.upper ?? 0, Math.max(joint.limits?.lower ?? 0, 0)) };
}

function compile(mj: Mujoco, mjcf: CollisionMjcf): MjModel {
  try {
    if (mjcf.meshFiles.size === 0) return mj.MjModel.from_xml_string(mjcf.xml);
    const files = new mj.MjVFS();
    try {
      for (const [name, bytes] of mjcf.meshFiles) files.addBuffer(name, bytes);
      return mj.MjModel.from_xml_string(mjcf.xml, files);
    } finally {
      files.delete();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`robot: MuJoCo cannot use the collision shapes: ${message.trim().replaceAll(/\s*\n\s*/g, "; ")}`, { cause: error });
  }
}
