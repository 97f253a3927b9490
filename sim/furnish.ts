import type { MjModel } from "@mujoco/mujoco";
import type { Mujoco } from "../src/robot/mujoco.js";
import type { Distractor, Environment, ObjectSizes } from "./environments/environment.js";
import { DISTRACTORS } from "./scene.js";

type Vector = readonly [number, number, number];

const HIDDEN: Vector = [0, 0, -2];
const NO_TURN = 0;
/** Half a side of the box that any size of cube and cup fits into, m. */
const BROAD_M = 0.12;

/** Sets the places, shapes and sizes of what stands about in a room. The model only: poses follow with the next kinematics. */
export function furnish(mj: Mujoco, model: MjModel, environment: Environment): void {
  for (let i = 0; i < DISTRACTORS; i++) {
    const distractor = environment.distractors[i];
    if (distractor === undefined) place(model, geomId(mj, model, `distractor${i}`), HIDDEN, NO_TURN);
    else stand(mj, model, geomId(mj, model, `distractor${i}`), distractor);
  }
  const television = geomId(mj, model, "television");
  const { television: screen } = environment.disturbances;
  if (screen === undefined) {
    place(model, television, HIDDEN, NO_TURN);
  } else {
    resize(model, television, mj.mjtGeom.mjGEOM_BOX.value, [0.01, screen.width / 2, screen.height / 2]);
    place(model, television, screen.position, screen.yaw);
  }
}

/** Gives cube and cup other sizes, for the eye and for contacts; their masses stay. */
export function resizeObjects(mj: Mujoco, model: MjModel, { cube, cup }: ObjectSizes): void {
  resize(model, geomId(mj, model, "cube"), mj.mjtGeom.mjGEOM_BOX.value, cube);
  resize(model, geomId(mj, model, "cup"), mj.mjtGeom.mjGEOM_CYLINDER.value, [cup.radius, cup.height / 2, 0]);
  const inside = geomId(mj, model, "cup_inside");
  resize(model, inside, mj.mjtGeom.mjGEOM_CYLINDER.value, [0.82 * cup.radius, 0.0006, 0]);
  place(model, inside, [0, 0, cup.height / 2], NO_TURN);
}

export function geomId(mj: Mujoco, model: MjModel, name: string): number {
  const id = mj.mj_name2id(model, mj.mjtObj.mjOBJ_GEOM.value, name);
  if (id < 0) throw new Error(`sim: the scene has no geom ${name}`);
  return id;
}

function stand(mj: Mujoco, model: MjModel, geom: number, { shape, position, size }: Distractor): void {
  const { mjGEOM_BOX, mjGEOM_SPHERE, mjGEOM_CYLINDER } = mj.mjtGeom;
  resize(model, geom, { box: mjGEOM_BOX, sphere: mjGEOM_SPHERE, cylinder: mjGEOM_CYLINDER }[shape].value, size);
  place(model, geom, position, NO_TURN);
}

function place(model: MjModel, geom: number, position: Vector, yaw: number): void {
  (model.geom_pos as Float64Array).set(position, 3 * geom);
  (model.geom_quat as Float64Array).set([Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)], 4 * geom);
}

/** The bounds of a geom are the compiler's work, so they have to be kept in step here. */
function resize(model: MjModel, geom: number, type: number, size: Vector): void {
  (model.geom_type as Int32Array)[geom] = type;
  (model.geom_size as Float64Array).set(size, 3 * geom);
  // A cylinder's numbers are radius and half height; a sphere's is its radius.
  const cylinder = size[2] === 0;
  const half: Vector = cylinder ? [size[0], size[0], size[1]] : [Math.max(...size), Math.max(...size), Math.max(...size)];
  (model.geom_rbound as Float64Array)[geom] = Math.hypot(...(cylinder ? [size[0], size[1]] : size));
  (model.geom_aabb as Float64Array).set([0, 0, 0, ...half], 6 * geom);
  // Broad phase: the body's tree of boxes decides whether its geoms are looked at at all. A generous box costs nothing with so few bodies.
  const body = (model.geom_bodyid as Int32Array)[geom]!;
  const first = (model.body_bvhadr as Int32Array)[body]!;
  if (body === 0 || first < 0) return;
  const boxes = model.bvh_aabb as Float64Array;
  for (let node = first; node < first + (model.body_bvhnum as Int32Array)[body]!; node++) {
    for (let axis = 3; axis < 6; axis++) boxes[6 * node + axis] = Math.max(boxes[6 * node + axis]!, BROAD_M);
  }
}
