import type { MjData, MjModel } from "@mujoco/mujoco";
import { controlledJoints, type JointSelection } from "./controlled-joints.js";
import { type Mujoco, mujoco } from "./mujoco.js";
import { requireLink } from "./require-link.js";
import type { JointLimits } from "./types.js";
import { parseUrdf, type Urdf, type UrdfJoint } from "./urdf.js";

/** Which part of the robot is controlled. */
export interface RobotOptions extends JointSelection {
  /** The link whose pose the actions move. */
  readonly toolLink: string;
}

/** Pose of a link in the base frame: position in m, rotation row-major 3x3. */
export interface Pose {
  readonly position: Float64Array;
  readonly rotation: Float64Array;
}

/**
 * Kinematics of a robot from its URDF: forward kinematics, the tool's Jacobian and the joint limits.
 * MuJoCo computes them on a model that keeps only links and joints, so meshes need not be there.
 */
export class RobotModel {
  readonly jointNames: readonly string[];
  readonly limits: readonly JointLimits[];
  /** Which joints move the tool (the others, as a gripper's, have a zero column in the Jacobian). */
  readonly movesTool: readonly boolean[];
  readonly #mj: Mujoco;
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #qposAddress: readonly number[];
  readonly #dofAddress: readonly number[];
  readonly #toolBody: number;
  readonly #jacp: InstanceType<Mujoco["DoubleBuffer"]>;
  readonly #jacr: InstanceType<Mujoco["DoubleBuffer"]>;

  private constructor(mj: Mujoco, urdf: Urdf, options: RobotOptions) {
    const { below, jointNames, limits } = controlledJoints(urdf, options);
    this.jointNames = jointNames;
    this.limits = limits;
    requireLink(urdf, options.toolLink);
    const chain = chainTo(urdf, options.baseLink, options.toolLink);
    this.movesTool = this.jointNames.map((name) => chain.has(name));
    this.#mj = mj;
    this.#model = compile(mj, urdf, options.baseLink, below);
    this.#data = new mj.MjData(this.#model);
    const joint = mj.mjtObj.mjOBJ_JOINT.value;
    const ids = this.jointNames.map((name) => mj.mj_name2id(this.#model, joint, name));
    this.#qposAddress = ids.map((id) => this.#model.jnt_qposadr[id] as number);
    this.#dofAddress = ids.map((id) => this.#model.jnt_dofadr[id] as number);
    this.#toolBody = mj.mj_name2id(this.#model, mj.mjtObj.mjOBJ_BODY.value, options.toolLink);
    this.#jacp = new mj.DoubleBuffer(3 * this.#model.nv);
    this.#jacr = new mj.DoubleBuffer(3 * this.#model.nv);
  }

  /** @throws Error with one line when the URDF cannot be read or lacks a named link or joint. */
  static async fromUrdf(xml: string, options: RobotOptions): Promise<RobotModel> {
    return new RobotModel(await mujoco(), parseUrdf(xml), options);
  }

  /** Gives the WebAssembly memory back; the model is of no use afterwards. */
  dispose(): void {
    this.#jacp.delete();
    this.#jacr.delete();
    this.#data.delete();
    this.#model.delete();
  }

  /** Pose of the tool in the base frame at joint positions `q` (rad, m). */
  toolPose(q: ArrayLike<number>): Pose {
    this.#place(q);
    const position = Float64Array.from(this.#data.xpos.subarray(3 * this.#toolBody, 3 * this.#toolBody + 3) as Float64Array);
    const rotation = Float64Array.from(this.#data.xmat.subarray(9 * this.#toolBody, 9 * this.#toolBody + 9) as Float64Array);
    return { position, rotation };
  }

  /** Geometric Jacobian of the tool at `q`, row-major [6, joints]: linear rows (m/rad), then angular rows. */
  toolJacobian(q: ArrayLike<number>): Float64Array {
    this.#place(q);
    this.#mj.mj_comPos(this.#model, this.#data);
    this.#mj.mj_jacBody(this.#model, this.#data, this.#jacp, this.#jacr, this.#toolBody);
    const jacp = this.#jacp.GetView();
    const jacr = this.#jacr.GetView();
    const nv = this.#model.nv;
    const n = this.jointNames.length;
    const jacobian = new Float64Array(6 * n);
    this.#dofAddress.forEach((dof, column) => {
      for (let row = 0; row < 3; row++) {
        jacobian[row * n + column] = jacp[row * nv + dof] as number;
        jacobian[(row + 3) * n + column] = jacr[row * nv + dof] as number;
      }
    });
    return jacobian;
  }

  #place(q: ArrayLike<number>): void {
    const qpos = this.#data.qpos as Float64Array;
    this.#qposAddress.forEach((address, i) => {
      qpos[address] = q[i] as number;
    });
    this.#mj.mj_kinematics(this.#model, this.#data);
  }
}

/** Names of the joints between base and tool. */
function chainTo(urdf: Urdf, base: string, tool: string): Set<string> {
  const byChild = new Map(urdf.joints.map((joint) => [joint.child, joint]));
  const chain = new Set<string>();
  for (let link = tool; link !== base; ) {
    const joint = byChild.get(link);
    if (joint === undefined || chain.has(joint.name)) throw new Error(`robot: no chain of joints leads from "${base}" to "${tool}" (stopped at "${link}")`);
    chain.add(joint.name);
    link = joint.parent;
  }
  return chain;
}

function compile(mj: Mujoco, urdf: Urdf, base: string, joints: readonly UrdfJoint[]): MjModel {
  try {
    return mj.MjModel.from_xml_string(kinematicUrdf(urdf.name, base, joints));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`robot: MuJoCo cannot use the URDF "${urdf.name}": ${message.trim().replaceAll(/\s*\n\s*/g, "; ")}`, { cause: error });
  }
}

/** A tree with a token inertia on each link (MuJoCo wants mass on what moves) and no shapes. */
function kinematicUrdf(name: string, base: string, branch: readonly UrdfJoint[]): string {
  const inertial = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>';
  const links = [`<link name="${base}"/>`, ...branch.map((joint) => `<link name="${joint.child}">${inertial}</link>`)];
  const joints = branch.map(
    (j) =>
      `<joint name="${j.name}" type="${j.type}"><origin xyz="${j.origin.xyz}" rpy="${j.origin.rpy}"/><parent link="${j.parent}"/>` +
      `<child link="${j.child}"/><axis xyz="${j.axis}"/><limit lower="${j.limits?.lower ?? 0}" upper="${j.limits?.upper ?? 0}" effort="1" velocity="1"/></joint>`,
  );
  const compiler = '<mujoco><compiler fusestatic="false"/></mujoco>';
  return `<robot name="${name}">${compiler}${links.join("")}${joints.join("")}</robot>`;
}
