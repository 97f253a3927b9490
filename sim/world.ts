import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import type { MjData, MjModel, MjSpec } from "@mujoco/mujoco";
import { FR3_JOINTS, FR3_READY, FR3_WORKSPACE, fr3Actions, fr3Model } from "../src/robot/fr3.js";
import type { RobotModel } from "../src/robot/model.js";
import { type Mujoco, mujoco } from "../src/robot/mujoco.js";
import type { ActionSpace, JointState } from "../src/robot/types.js";
import { Random } from "./random.js";
import { type Environment, PLAIN_ENVIRONMENT } from "./environments/index.js";
import { furnish, resizeObjects } from "./furnish.js";
import { SCENE_MJCF } from "./scene.js";
import { TrajectoryController } from "./trajectory-controller.js";

export type ObjectName = "cube" | "cup";

export interface SimWorldOptions {
  /** URDF text of the arm; default: the demo arm in `urdf/`. */
  readonly urdf?: string;
}

/** Servo of one joint: gains in N m/rad and N m s/rad (N/m and N s/m for the fingers), force limit in N m (N). */
interface Servo {
  readonly joint: string;
  readonly kp: number;
  readonly kv: number;
  readonly maxForce: number;
  /** Inertia of motor and gear seen at the joint, kg m² (kg). Without it, light joints and stiff servos swing at their force limit after a jump. */
  readonly armature: number;
}

const SERVOS: readonly Servo[] = [
  ...[4500, 4500, 3500, 3500, 2000, 2000, 2000].map((kp, i) => ({ joint: `fr3_joint${i + 1}`, kp, kv: kp / 10, maxForce: i < 4 ? 87 : 12, armature: 0.3 })),
  ...[1, 2].map((i) => ({ joint: `fr3_finger_joint${i}`, kp: 1500, kv: 60, maxForce: 30, armature: 0.2 })),
];

/** Text of the demo arm's URDF, wherever the package is installed. */
export function demoUrdf(): string {
  for (const up of ["../urdf/fr3.urdf", "../../urdf/fr3.urdf"]) {
    try {
      return readFileSync(new URL(up, import.meta.url), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error("urdf/fr3.urdf is missing from the installation; install the package again");
}

/**
 * The simulated world: the arm of `urdf/` at a table with a cube and a cup, in MuJoCo.
 * One control period is many `step`s; the joint servos follow `command` at every one of them.
 */
export class SimWorld {
  readonly mj: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  readonly jointNames: readonly string[] = FR3_JOINTS;
  readonly robot: RobotModel;
  readonly actions: ActionSpace;
  readonly command: TrajectoryController;
  readonly #qpos: readonly number[];
  readonly #qvel: readonly number[];
  readonly #fingerTwo: number;
  readonly #objects: Record<ObjectName, { body: number; qpos: number; qvel: number }>;
  #environment: Environment = PLAIN_ENVIRONMENT;
  #steps = 0;

  private constructor(mj: Mujoco, model: MjModel, robot: RobotModel) {
    this.mj = mj;
    this.model = model;
    this.data = new mj.MjData(model);
    this.robot = robot;
    this.actions = fr3Actions(robot);
    const joint = (name: string): number => mj.mj_name2id(model, mj.mjtObj.mjOBJ_JOINT.value, name);
    this.#qpos = this.jointNames.map((name) => model.jnt_qposadr[joint(name)] as number);
    this.#qvel = this.jointNames.map((name) => model.jnt_dofadr[joint(name)] as number);
    this.#fingerTwo = model.jnt_qposadr[joint("fr3_finger_joint2")] as number;
    const object = (name: ObjectName): { body: number; qpos: number; qvel: number } => ({
      body: mj.mj_name2id(model, mj.mjtObj.mjOBJ_BODY.value, name),
      qpos: model.jnt_qposadr[joint(name)] as number,
      qvel: model.jnt_dofadr[joint(name)] as number,
    });
    this.#objects = { cube: object("cube"), cup: object("cup") };
    this.command = new TrajectoryController(this.jointNames, FR3_READY);
  }

  /** @throws Error with one line when the URDF cannot be read or lacks a joint of the demo arm. */
  static async create(options: SimWorldOptions = {}): Promise<SimWorld> {
    const mj = await mujoco();
    const urdf = options.urdf ?? demoUrdf();
    const robot = await fr3Model(urdf);
    const world = new SimWorld(mj, compile(mj, urdf), robot);
    world.reset(0);
    return world;
  }

  /** Gives the WebAssembly memory back (2 GB in all for a process); the world is of no use afterwards. */
  dispose(): void {
    this.data.delete();
    this.model.delete();
    this.robot.dispose();
  }

  get timestepS(): number {
    return this.model.opt.timestep;
  }

  get timeS(): number {
    return this.#steps * this.timestepS;
  }

  /** The room it is in; cameras look it up. */
  get environment(): Environment {
    return this.#environment;
  }

  /** Puts the world into a room: sizes of cube and cup, and what stands about. `reset` places objects of other sizes properly. */
  dress(environment: Environment): void {
    if (environment === this.#environment) return;
    resizeObjects(this.mj, this.model, environment.objects);
    furnish(this.mj, this.model, environment);
    this.#environment = environment;
    this.mj.mj_kinematics(this.model, this.data);
  }

  /** Height of an object's centre when it stands on the table, m. */
  restingHeight(name: ObjectName): number {
    const { cube, cup } = this.#environment.objects;
    return name === "cube" ? cube[2] : cup.height / 2;
  }

  /** Puts cube, cup and tool to random places drawn from `seed` and lets them settle. The same seed: the same world, bit for bit. */
  reset(seed: number): void {
    const random = new Random(seed);
    const { low, high } = FR3_WORKSPACE;
    const margin = 0.05;
    const place = (): [number, number] => [
      random.uniform(low[0] + margin, high[0] - margin),
      random.uniform(low[1] + margin, high[1] - margin),
    ];
    const cube = place();
    let cup = place();
    while (Math.hypot(cube[0] - cup[0], cube[1] - cup[1]) < 0.12) cup = place();
    const yaw = random.uniform(-Math.PI / 4, Math.PI / 4);
    const tool: [number, number, number] = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(0.12, high[2])];
    this.mj.mj_resetData(this.model, this.data);
    this.#steps = 0;
    this.placeArm(this.reach(tool, 1));
    this.placeObject("cube", [...cube, this.restingHeight("cube")], yaw);
    this.placeObject("cup", [...cup, this.restingHeight("cup")], 0);
    this.step(25);
    this.#steps = 0;
  }

  /** Joint positions that put the tool at a place (m, base frame), gripper opening 0..1; the arm shape depends only on the place. */
  reach(tool: ArrayLike<number>, opening: number): Float64Array {
    const step = new Float32Array(4);
    step[3] = opening;
    let q: Float64Array = Float64Array.from(FR3_READY);
    for (let i = 0; i < 12; i++) {
      const { position } = this.robot.toolPose(q);
      for (let axis = 0; axis < 3; axis++) step[axis] = (tool[axis] as number) - (position[axis] as number);
      q = this.actions.jointTargets(q, step);
    }
    return q;
  }

  /** Puts the arm at rest at joint positions and holds it there. */
  placeArm(positions: ArrayLike<number>): void {
    this.#qpos.forEach((address, i) => {
      this.data.qpos[address] = positions[i] as number;
    });
    this.#qvel.forEach((address) => {
      this.data.qvel[address] = 0;
    });
    this.data.qpos[this.#fingerTwo] = positions[7] as number;
    this.command.hold(positions);
    this.mj.mj_forward(this.model, this.data);
  }

  /** Puts an object at rest; position in m, yaw in rad. */
  placeObject(name: ObjectName, position: readonly [number, number, number], yaw: number): void {
    const { qpos, qvel } = this.#objects[name];
    this.data.qpos.set([...position, Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)], qpos);
    this.data.qvel.set([0, 0, 0, 0, 0, 0], qvel);
    this.mj.mj_forward(this.model, this.data);
  }

  /** Steps the physics. */
  step(count = 1): void {
    const ctrl = this.data.ctrl as Float64Array;
    for (let i = 0; i < count; i++) {
      const { positions, velocities } = this.command.sample(this.timeS);
      SERVOS.forEach((servo, s) => {
        const joint = Math.min(s, positions.length - 1);
        // Velocity feed-forward: without it the damping makes the joint trail its command.
        ctrl[s] = (positions[joint] as number) + (servo.kv / servo.kp) * (velocities[joint] as number);
      });
      this.mj.mj_step(this.model, this.data);
      this.#steps++;
    }
  }

  /** Measured joint positions and velocities, in the order of `jointNames`. */
  jointState(): JointState {
    return {
      positions: Float64Array.from(this.#qpos, (address) => this.data.qpos[address] as number),
      velocities: Float64Array.from(this.#qvel, (address) => this.data.qvel[address] as number),
    };
  }

  /** Position of the tool, m. Truth of the simulator: for judging, never for planning. */
  toolPosition(): Float64Array {
    return this.robot.toolPose(this.jointState().positions).position;
  }

  /** Position of an object's centre, m. Truth of the simulator: for judging, never for planning. */
  objectPosition(name: ObjectName): Float64Array {
    const { body } = this.#objects[name];
    return Float64Array.from(this.data.xpos.subarray(3 * body, 3 * body + 3) as Float64Array);
  }

  /** The whole state; `restoreState` goes on from it exactly. */
  saveState(): Uint8Array {
    const kind = this.mj.mjtState.mjSTATE_INTEGRATION.value;
    const buffer = new this.mj.DoubleBuffer(this.mj.mj_stateSize(this.model, kind));
    this.mj.mj_getState(this.model, this.data, buffer, kind);
    const state = Float64Array.from(buffer.GetView() as Float64Array);
    buffer.delete();
    return serialize({ state, steps: this.#steps, command: this.command.save() });
  }

  /** @throws Error when the bytes are not of this world. */
  restoreState(bytes: Uint8Array): void {
    const saved = readState(bytes);
    const kind = this.mj.mjtState.mjSTATE_INTEGRATION.value;
    const size = this.mj.mj_stateSize(this.model, kind);
    if (saved.state.length !== size) throw new Error(`sim: the saved state is not one of this world (${saved.state.length} numbers, wanted ${size})`);
    this.mj.mj_setState(this.model, this.data, Array.from(saved.state), kind);
    this.mj.mj_forward(this.model, this.data);
    this.#steps = saved.steps;
    this.command.restore(saved.command);
  }
}

function readState(bytes: Uint8Array): { state: Float64Array; steps: number; command: unknown } {
  let saved: unknown;
  try {
    saved = deserialize(bytes);
  } catch (error) {
    throw new Error(`sim: the saved state cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const { state, steps, command } = (saved ?? {}) as { state?: unknown; steps?: unknown; command?: unknown };
  if (!(state instanceof Float64Array) || typeof steps !== "number") throw new Error("sim: the saved state is not one of this world");
  return { state, steps, command };
}

/** Attaches the arm to the scene and gives its joints servos and gravity compensation. */
function compile(mj: Mujoco, urdf: string): MjModel {
  const scene = mj.parseXMLString(SCENE_MJCF);
  const arm = mj.parseXMLString(urdf);
  const frame = required(mj.mjs_findFrame(scene, "robot"), "frame robot");
  const root = required(mj.mjs_findBody(arm, "fr3_link0") ?? mj.mjs_findBody(arm, "world"), "base link");
  required(mj.mjs_attach(frame.element, root.element, "", ""), "attached arm");
  for (const link of linkNames(urdf)) {
    const body = mj.mjs_findBody(scene, link);
    // The driver of a real arm compensates gravity; so does this one.
    if (body !== undefined) body.gravcomp = 1;
  }
  exclude(mj, scene, "fr3_link0", "fr3_link1");
  exclude(mj, scene, "fr3_finger1", "fr3_finger2");
  for (const servo of SERVOS) {
    const element = required(mj.mjs_findElement(scene, mj.mjtObj.mjOBJ_JOINT, servo.joint), `joint ${servo.joint}`);
    required(mj.mjs_asJoint(element), `joint ${servo.joint}`).armature = servo.armature;
    const actuator = required(mj.mjs_addActuator(scene, required(mj.mjs_getSpecDefault(scene), "default class")), "actuator");
    mj.mjs_setName(actuator.element, servo.joint);
    actuator.target = servo.joint;
    actuator.trntype = mj.mjtTrn.mjTRN_JOINT;
    actuator.gainprm[0] = servo.kp;
    actuator.biastype = mj.mjtBias.mjBIAS_AFFINE;
    actuator.biasprm[1] = -servo.kp;
    actuator.biasprm[2] = -servo.kv;
    actuator.forcelimited = mj.mjtLimited.mjLIMITED_TRUE;
    actuator.forcerange[0] = -servo.maxForce;
    actuator.forcerange[1] = servo.maxForce;
  }
  const model = mj.mj_compile(scene);
  scene.delete();
  arm.delete();
  return model;
}

function exclude(mj: Mujoco, spec: MjSpec, one: string, other: string): void {
  const pair = required(mj.mjs_addExclude(spec), "exclude");
  pair.bodyname1 = one;
  pair.bodyname2 = other;
}

function linkNames(urdf: string): string[] {
  return [...urdf.matchAll(/<link name="([^"]+)"/g)].map((match) => match[1] as string);
}

function required<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`sim: the scene has no ${what}; does the URDF name the demo arm's links?`);
  return value;
}
