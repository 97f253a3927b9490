import { jointsBelow } from "./joints-below.js";
import { requireLink } from "./require-link.js";
import type { JointLimits } from "./types.js";
import type { Urdf, UrdfJoint } from "./urdf.js";

/** Which joints of a robot are controlled. */
export interface JointSelection {
  readonly baseLink: string;
  /** Controlled joints, in the order of every joint vector. Default: every moving joint that mimics no other. */
  readonly jointNames?: readonly string[];
}

export interface ControlledJoints {
  /** All joints that hang below the base link, controlled or not. */
  readonly below: readonly UrdfJoint[];
  readonly jointNames: readonly string[];
  /** Of each controlled joint. */
  readonly limits: readonly JointLimits[];
}

/** @throws Error with one line when the URDF lacks the base link, or a named joint below it that moves. */
export function controlledJoints(urdf: Urdf, { baseLink, jointNames }: JointSelection): ControlledJoints {
  requireLink(urdf, baseLink);
  const below = jointsBelow(urdf, baseLink);
  const limitsOf = new Map(below.flatMap(({ name, limits }) => limits === undefined ? [] : [[name, limits] as const]));
  const names = jointNames ?? below.filter(({ type, mimics }) => type !== "fixed" && mimics === undefined).map(({ name }) => name);
  const limits = names.map((name) => {
    const found = limitsOf.get(name);
    if (found === undefined) {
      throw new Error(`robot: the URDF "${urdf.name}" has no moving joint "${name}" after the link "${baseLink}"; it has ${[...limitsOf.keys()].join(", ") || "none"}`);
    }
    return found;
  });
  return { below, jointNames: names, limits };
}
