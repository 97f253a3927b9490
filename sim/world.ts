import { deserialize, serialize } from "node:v8";
import type { MjData, MjModel, MjSpec } from "@mujoco/mujoco";
import { ClearPostures } from "../src/robot/clear-postures.js";
import { CollisionModel } from "../src/robot/collision-model.js";
import { findRobot, type Robot } from "../src/robot/find-robot.js";
import { FR3, FR3_READY, FR3_WORKSPACE, fr3Actions } from "../src/robot/fr3.js";
import { JointDeltaActions } from "../src/robot/joint-delta.js";
import { RobotModel } from "../src/robot/model.js";
import { type Mujoco, mujoco } from "../src/robot/mujoco.js";
import type { RobotDescription } from "../src/robot/robot-description.js";
import type { ActionSpace, JointState } from "../src/robot/types.js";
import { parseUrdf } from "../src/robot/urdf.js";
import { readKeepOutFile } from "../src/safety/guards/index.js";
import { DEFAULT_CAMERA } from "./camera-pose.js";
import { Random } from "./random.js";
import { type Environment, PLAIN_ENVIRONMENT } from "./environments/index.js";
import { furnish, resizeObjects } from "./furnish.js";
import { PUCK_HEIGHT, type SceneName, sceneMjcf, TRAY } from "./scene.js";
import { TrajectoryController } from "./trajectory-controller.js";

/** What every scene has. */
export type ObjectName = "cube" | "cup";

/** What some scene has. */
export type ThingName = ObjectName | "puck";

/** What a scene has, in the order of a data set's truths: its `things`. */
export const THINGS_OF: Readonly<Record<SceneName, readonly ThingName[]>> = { table: ["cube", "cup"], clearing: ["puck", "cube", "cup"] };

/** Least distances between what lies about at first, m: with and without a tray to lie in. */
const APART_M = 0.12;
const CLEARING_APART_M = 0.085;
/** In exploration a thing begins in the tray with this chance. */
const IN_TRAY = 0.3;
/** So far inside the tray's rim do things lie at first, m. */
const TRAY_MARGIN_M = 0.04;
/** And so far inside the workspace at the arm's side, m. */
const CLEARING_MARGIN_M = 0.03;

/** How the arm differs from what its model was trained on; what is left out is as it was. */
export interface ArmChange {
  /** Carried at the hand, kg; nobody told the driver, which compensates the gravity of the arm alone. */
  readonly payloadKg?: number;
  /** Share of the arm's servo gains that is left, above 0. */
  readonly stiffness?: number;
  /** Friction of the arm's joints: as much as the weakened servo's force when it is so far off (rad). MuJoCo's friction creeps, so that less force moves them slowly. */
  readonly stickRad?: number;
}

export interface SimWorldOptions {
  /** The arm; default: the demo arm. */
  readonly robot?: Robot;
  /** URDF text in the place of the robot's own. */
  readonly urdf?: string;
  /** Default `table`. */
  readonly scene?: SceneName;
}

/** Servo of one joint: gains in N m/rad and N m s/rad (N/m and N s/m for prismatic joints), force limit in N m (N). */
interface Servo {
  readonly joint: string;
  /** Index of the controlled joint whose command it follows: its own, or the one that its joint mimics. */
  readonly follows: number;
  readonly kp: number;
  readonly kv: number;
  readonly maxForce: number;
  /** Inertia of motor and gear seen at the joint, kg m² (kg). Without it, light joints and stiff servos swing at their force limit after a jump. */
  readonly armature: number;
}

/** Postures of joint-moved arms keep so far from joint limits (rad) and from the table and each other (m). */
const POSTURE_MARGIN_RAD = 0.15;
const POSTURE_CLEARANCE_M = 0.03;

/** Text of the demo arm's URDF, wherever the package is installed. */
export function demoUrdf(): string {
  return findRobot(FR3.name).urdf;
}

/**
 * The simulated world: an arm of `urdf/` at a table with the things of a scene, in MuJoCo.
 * One control period is many `step`s; the joint servos follow `command` at every one of them.
 */
export class SimWorld {
  readonly scene: SceneName;
  /** What can be handled, from narrow to wide between the fingers. */
  readonly things: readonly ThingName[];
  readonly mj: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  readonly description: RobotDescription;
  readonly jointNames: readonly string[];
  readonly robot: RobotModel;
  /** What is watched when it moves by its joints: where it may be. Undefined for the demo arm, whose tool is put to places. */
  readonly postures: ClearPostures | undefined;
  readonly actions: ActionSpace;
  readonly command: TrajectoryController;
  readonly #qpos: readonly number[];
  readonly #qvel: readonly number[];
  readonly #servos: readonly Servo[];
  /** Where the joints that mimic another are in qpos, and which it is. */
  readonly #followers: readonly { readonly qpos: number; readonly follows: number }[];
  /** Of the hand as it was compiled, kg. */
  readonly #handKg: number;
  readonly #objects: ReadonlyMap<ThingName, { body: number; qpos: number; qvel: number }>;
  #environment: Environment = PLAIN_ENVIRONMENT;
  /** The room that was asked for; the robot's own camera may have been put into it. Undefined before the first. */
  #asked: Environment | undefined;
  #steps = 0;

  private constructor(
    mj: Mujoco, model: MjModel, robot: RobotModel, scene: SceneName, description: RobotDescription, servos: readonly Servo[], postures: ClearPostures | undefined,
  ) {
    this.scene = scene;
    this.things = THINGS_OF[scene];
    this.mj = mj;
    this.model = model;
    this.data = new mj.MjData(model);
    this.description = description;
    this.robot = robot;
    this.postures = postures;
    this.jointNames = robot.jointNames;
    this.actions = description.action.kind === "joint_delta" ? new JointDeltaActions(robot, { workspace: description.workspace }) : fr3Actions(robot);
    const joint = (name: string): number => mj.mj_name2id(model, mj.mjtObj.mjOBJ_JOINT.value, name);
    this.#qpos = this.jointNames.map((name) => model.jnt_qposadr[joint(name)] as number);
    this.#qvel = this.jointNames.map((name) => model.jnt_dofadr[joint(name)] as number);
    this.#servos = servos;
    this.#followers = servos.filter((servo) => !this.jointNames.includes(servo.joint))
      .map((servo) => ({ qpos: model.jnt_qposadr[joint(servo.joint)] as number, follows: servo.follows }));
    this.#handKg = model.body_mass[this.#hand] as number;
    const object = (name: ThingName): { body: number; qpos: number; qvel: number } => ({
      body: mj.mj_name2id(model, mj.mjtObj.mjOBJ_BODY.value, name),
      qpos: model.jnt_qposadr[joint(name)] as number,
      qvel: model.jnt_dofadr[joint(name)] as number,
    });
    this.#objects = new Map(this.things.map((name) => [name, object(name)]));
    this.command = new TrajectoryController(this.jointNames, description.posture);
  }

  /** @throws Error with one line when the URDF cannot be read or lacks a joint of the robot, or the robot's description says nothing of its simulation. */
  static async create(options: SimWorldOptions = {}): Promise<SimWorld> {
    const mj = await mujoco();
    const { description, urdf: own, keepOutFile } = options.robot ?? findRobot(FR3.name);
    const { scene = "table" } = options;
    const urdf = options.urdf ?? own;
    const { base_link: baseLink, tool_link: toolLink, joints: jointNames, gripper, workspace } = description;
    const robot = await RobotModel.fromUrdf(urdf, { baseLink, toolLink, jointNames });
    const servos = servosOf(description, urdf);
    const model = compile(mj, urdf, scene, description, servos);
    let postures: ClearPostures | undefined;
    if (description.action.kind === "joint_delta") {
      const obstacles = keepOutFile === undefined ? [] : await readKeepOutFile(keepOutFile);
      const collision = await CollisionModel.fromUrdf(urdf, { baseLink, jointNames, obstacles, gripperJoints: [gripper.joint] });
      postures = new ClearPostures(robot, collision, { workspace, marginRad: POSTURE_MARGIN_RAD, clearanceM: POSTURE_CLEARANCE_M });
    }
    const world = new SimWorld(mj, model, robot, scene, description, servos, postures);
    // Not when it is the demo arm's: that is where it is already.
    if (description.simulation?.camera !== undefined) world.dress({ ...PLAIN_ENVIRONMENT });
    world.reset(0);
    return world;
  }

  /** Gives the WebAssembly memory back (2 GB in all for a process); the world is of no use afterwards. */
  dispose(): void {
    this.data.delete();
    this.model.delete();
    this.postures?.dispose();
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
  dress(asked: Environment): void {
    if (asked === this.#asked || asked === this.#environment) return;
    const own = this.description.simulation?.camera;
    if (own !== undefined && asked.camera !== DEFAULT_CAMERA) throw new Error(`sim: rooms in which the camera is moved are drawn round the demo arm; the ${this.description.name} has its own camera: take the plain room`);
    const environment = own === undefined ? asked : { ...asked, camera: { position: own.position_m, lookAt: own.look_at_m, fovY: own.fov_y_rad } };
    this.#asked = asked;
    resizeObjects(this.mj, this.model, environment.objects);
    furnish(this.mj, this.model, environment);
    this.#environment = environment;
    this.mj.mj_kinematics(this.model, this.data);
  }

  /** Changes the arm, from what it was compiled as: `{}` is that again. The world's state stays. @throws RangeError when a number makes no sense. */
  alter({ payloadKg = 0, stiffness = 1, stickRad = 0 }: ArmChange): void {
    if (!(payloadKg >= 0 && payloadKg <= 20)) throw new RangeError(`payloadKg is ${payloadKg}: must be 0 to 20`);
    if (!(stiffness > 0 && stiffness <= 1)) throw new RangeError(`stiffness is ${stiffness}: must be above 0 and at most 1`);
    if (!(stickRad >= 0 && stickRad <= 0.2)) throw new RangeError(`stickRad is ${stickRad}: must be 0 to 0.2`);
    if (this.#hand < 0) throw new RangeError(`the ${this.description.name} cannot be altered: only the ${FR3.name}, whose hand is known`);
    const { mj, model, data } = this;
    const now = this.saveState();
    model.body_mass[this.#hand] = this.#handKg + payloadKg;
    // What is compensated stays what the driver knows of.
    model.body_gravcomp[this.#hand] = this.#handKg / (this.#handKg + payloadKg);
    const [gains, biases] = [model.actuator_gainprm, model.actuator_biasprm] as [Float64Array, Float64Array];
    this.#servos.forEach(({ kp, kv, joint, follows }, s) => {
      if (this.jointNames[follows] === this.description.gripper.joint) return;
      // Ten parameters an actuator.
      gains[10 * s] = stiffness * kp;
      biases[10 * s + 1] = -stiffness * kp;
      biases[10 * s + 2] = -stiffness * kv;
      model.dof_frictionloss[model.jnt_dofadr[mj.mj_name2id(model, mj.mjtObj.mjOBJ_JOINT.value, joint)] as number] = stickRad * stiffness * kp;
    });
    mj.mj_setConst(model, data);
    this.restoreState(now);
  }

  get #hand(): number {
    return this.mj.mj_name2id(this.model, this.mj.mjtObj.mjOBJ_BODY.value, "fr3_hand");
  }

  /** Height of an object's centre when it stands on the table, m. */
  restingHeight(name: ThingName): number {
    const { cube, cup } = this.#environment.objects;
    return { cube: cube[2], cup: cup.height / 2, puck: PUCK_HEIGHT / 2 }[name];
  }

  /**
   * Puts things and tool to random places drawn from `seed` and lets them settle. The same seed: the same world, bit for bit.
   *
   * @param options `uncleared`: in the scene `clearing`, nothing lies in the tray; it does in some worlds otherwise.
   */
  reset(seed: number, options: { readonly uncleared?: boolean } = {}): void {
    if (this.scene === "clearing") this.#resetClearing(seed, options.uncleared ?? false);
    else this.#resetTable(seed);
  }

  #resetTable(seed: number): void {
    const random = new Random(seed);
    if (this.postures !== undefined) {
      this.#resetPosture(this.postures.draw(() => random.uniform()));
      return;
    }
    const { low, high } = FR3_WORKSPACE;
    const margin = 0.05;
    const place = (): [number, number] => [
      random.uniform(low[0] + margin, high[0] - margin),
      random.uniform(low[1] + margin, high[1] - margin),
    ];
    const cube = place();
    let cup = place();
    while (Math.hypot(cube[0] - cup[0], cube[1] - cup[1]) < APART_M) cup = place();
    const yaw = random.uniform(-Math.PI / 4, Math.PI / 4);
    const tool: [number, number, number] = [random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(0.12, high[2])];
    this.#arrange(tool, new Map<ThingName, Spot>([["cube", { at: cube, yaw }], ["cup", { at: cup, yaw: 0 }]]));
  }

  #resetClearing(seed: number, uncleared: boolean): void {
    const random = new Random(seed);
    const { low, high } = FR3_WORKSPACE;
    const margin = 0.05;
    const place = (): [number, number] => random.uniform() < IN_TRAY && !uncleared
      ? [random.uniform(TRAY.low[0] + TRAY_MARGIN_M, TRAY.high[0] - TRAY_MARGIN_M), random.uniform(TRAY.low[1] + TRAY_MARGIN_M, TRAY.high[1] - TRAY_MARGIN_M)]
      : [random.uniform(low[0] + CLEARING_MARGIN_M, TRAY.low[0] - margin), random.uniform(low[1] + margin, high[1] - margin)];
    let places: [number, number][];
    do places = this.things.map(place); while (nearest(places) < CLEARING_APART_M);
    const spots = new Map(this.things.map((thing, i): [ThingName, Spot] => [thing, { at: places[i]!, yaw: thing === "cube" ? random.uniform(-Math.PI / 4, Math.PI / 4) : 0 }]));
    this.#arrange([random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(0.12, high[2])], spots);
  }

  /** Tool and things at rest at places, m; what is not named stays where the scene has it. */
  #arrange(tool: readonly [number, number, number], spots: ReadonlyMap<ThingName, Spot>): void {
    this.mj.mj_resetData(this.model, this.data);
    this.#steps = 0;
    this.placeArm(this.reach(tool, 1));
    for (const [thing, { at, yaw }] of spots) this.placeObject(thing, [at[0], at[1], this.restingHeight(thing)], yaw);
    this.step(25);
    this.#steps = 0;
  }

  /** The arm in a posture, at rest; cube and cup where they are out of its way. */
  #resetPosture(positions: ArrayLike<number>): void {
    const { cube = [0.2, -0.42], cup = [0.2, 0.42] } = this.description.simulation?.things ?? {};
    this.mj.mj_resetData(this.model, this.data);
    this.#steps = 0;
    this.placeArm(positions);
    this.placeObject("cube", [cube[0], cube[1], this.restingHeight("cube")], 0);
    this.placeObject("cup", [cup[0], cup[1], this.restingHeight("cup")], 0);
    this.step(25);
    this.#steps = 0;
  }

  /** Of the demo arm: joint positions that put the tool at a place (m, base frame), gripper opening 0..1; the arm shape depends only on the place. */
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
    for (const { qpos, follows } of this.#followers) this.data.qpos[qpos] = positions[follows] as number;
    this.command.hold(positions);
    this.mj.mj_forward(this.model, this.data);
  }

  /** Puts an object at rest; position in m, yaw in rad. */
  placeObject(name: ThingName, position: readonly [number, number, number], yaw: number): void {
    const { qpos, qvel } = this.#object(name);
    this.data.qpos.set([...position, Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)], qpos);
    this.data.qvel.set([0, 0, 0, 0, 0, 0], qvel);
    this.mj.mj_forward(this.model, this.data);
  }

  /** Steps the physics. */
  step(count = 1): void {
    const ctrl = this.data.ctrl as Float64Array;
    for (let i = 0; i < count; i++) {
      const { positions, velocities } = this.command.sample(this.timeS);
      this.#servos.forEach((servo, s) => {
        const joint = servo.follows;
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
  objectPosition(name: ThingName): Float64Array {
    const { body } = this.#object(name);
    return Float64Array.from(this.data.xpos.subarray(3 * body, 3 * body + 3) as Float64Array);
  }

  #object(name: ThingName): { body: number; qpos: number; qvel: number } {
    const object = this.#objects.get(name);
    if (object === undefined) throw new Error(`sim: the scene ${this.scene} has no ${name}; it has ${this.things.join(", ")}`);
    return object;
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

/** Where a thing stands on the table, m and rad. */
interface Spot {
  readonly at: readonly [number, number];
  readonly yaw: number;
}

/** Distance of the two places that are nearest to each other, m. */
function nearest(places: readonly (readonly [number, number])[]): number {
  return Math.min(...places.flatMap(([x, y], i) => places.slice(i + 1).map(([otherX, otherY]) => Math.hypot(x - otherX, y - otherY))));
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

/** A servo for each joint of the description, in the order of the commands, and for those that mimic one of them. */
function servosOf({ name, joints, simulation }: RobotDescription, urdf: string): Servo[] {
  if (simulation === undefined) throw new Error(`sim: the description of ${name} has no simulation: write its servos`);
  const leads = new Map([...joints.map((joint) => [joint, joint] as const), ...parseUrdf(urdf).joints.flatMap((joint) => joint.mimics === undefined ? [] : [[joint.name, joint.mimics] as const])]);
  const servos = simulation.servos.flatMap(({ joints: own, kp, kv, max_force: maxForce, armature }) => own.map((joint): Servo => {
    const follows = joints.indexOf(leads.get(joint) ?? joint);
    if (follows < 0) throw new Error(`sim: the servo of "${joint}" is none of a joint of ${name}, which has ${joints.join(", ")}`);
    return { joint, follows, kp, kv, maxForce, armature };
  }));
  const missing = joints.find((joint) => !servos.some((servo) => servo.joint === joint));
  if (missing !== undefined) throw new Error(`sim: the description of ${name} has no servo for the joint "${missing}"`);
  return servos;
}

/** Attaches the arm to the scene and gives its joints servos and gravity compensation. */
function compile(mj: Mujoco, urdf: string, sceneName: SceneName, { base_link: base, simulation }: RobotDescription, servos: readonly Servo[]): MjModel {
  const table = simulation?.table;
  const scene = mj.parseXMLString(sceneMjcf(sceneName, table === undefined ? undefined : { center: table.center_m, halfSize: table.half_size_m }));
  const arm = mj.parseXMLString(urdf);
  const frame = required(mj.mjs_findFrame(scene, "robot"), "frame robot");
  const root = required(mj.mjs_findBody(arm, base) ?? mj.mjs_findBody(arm, "world"), "base link");
  required(mj.mjs_attach(frame.element, root.element, "", ""), "attached arm");
  for (const link of linkNames(urdf)) {
    const body = mj.mjs_findBody(scene, link);
    // The driver of a real arm compensates gravity; so does this one.
    if (body !== undefined) body.gravcomp = 1;
  }
  for (const [one, other] of simulation?.excluded_contacts ?? []) exclude(mj, scene, one, other);
  for (const servo of servos) {
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
  if (value === undefined || value === null) throw new Error(`sim: the scene has no ${what}; does the URDF name the robot's links?`);
  return value;
}
