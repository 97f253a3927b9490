import { FR3_FULL_OPENING_M } from "../../src/robot/fr3.js";
import { distance } from "../distance.js";
import type { ObjectName, SimWorld, ThingName } from "../world.js";

/** What is true of a state of the world; positions in m, base frame. For judging, never for planning. */
export interface SceneTruth {
  readonly tool: Float64Array;
  /** Between the fingers, m. */
  readonly openingM: number;
  readonly objects: Readonly<Record<ObjectName, Float64Array>>;
}

export function readTruth(world: SimWorld): SceneTruth {
  return { tool: world.toolPosition(), openingM: openingM(world), objects: { cube: world.objectPosition("cube"), cup: world.objectPosition("cup") } };
}

/** Measured opening between the fingers, m. */
export function openingM(world: SimWorld): number {
  const { gripper } = world.description;
  return world.jointState().positions[world.jointNames.indexOf(gripper.joint)]! * gripper.opening_per_joint;
}

/** How high an object's centre is above where it is when it stands on the table, m. */
export function liftM(world: SimWorld, object: ThingName): number {
  return world.objectPosition(object)[2]! - world.restingHeight(object);
}

/** Farther from the tool than this (m), an object's centre is not between the fingers. */
export const IN_HAND_M = 0.05;

/** Whether an object is off the table and in the hand. */
export function isHeld(world: SimWorld, object: ThingName): boolean {
  return liftM(world, object) > 0.01 && distance(world.toolPosition(), world.objectPosition(object)) < IN_HAND_M;
}

/** Whether an object stands on the table, upright. */
export function isResting(world: SimWorld, object: ThingName): boolean {
  return Math.abs(liftM(world, object)) < 0.005;
}

/** Whether the hand has let go: it is wide open, or away. */
export function isReleased(world: SimWorld, object: ThingName): boolean {
  return openingM(world) > 0.9 * FR3_FULL_OPENING_M || distance(world.toolPosition(), world.objectPosition(object)) > IN_HAND_M + 0.02;
}

/** Distance on the table, m. */
export function flatDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
}

/** A shown goal that also moves what the task is not about asks for more than its name says. */
const UNTOUCHED_M = 0.005;

/** Whether a thing is where it was. */
export function isUntouched(before: SceneTruth, after: SceneTruth, object: ObjectName): boolean {
  return distance(before.objects[object], after.objects[object]) < UNTOUCHED_M;
}
