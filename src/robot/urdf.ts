import type { JointLimits } from "./types.js";
import { attribute, child, list, parseRobotXml, readNumber, readVector, text } from "./xml-node.js";

/** A joint as the URDF has it. Origin: metres and radians (fixed-axis roll, pitch, yaw). */
export interface UrdfJoint {
  readonly name: string;
  readonly type: "revolute" | "continuous" | "prismatic" | "fixed";
  readonly parent: string;
  readonly child: string;
  readonly origin: { readonly xyz: string; readonly rpy: string };
  readonly axis: string;
  readonly limits: JointLimits | undefined;
  /** The joint that it follows: its position is that joint's times the multiplier, plus the offset (rad, m). */
  readonly mimics: string | undefined;
  readonly mimicMultiplier: number;
  readonly mimicOffset: number;
}

/** The part of a URDF that motion needs: links, joints, limits. Shapes are left to whoever draws or collides. */
export interface Urdf {
  readonly name: string;
  readonly links: readonly string[];
  readonly joints: readonly UrdfJoint[];
}

/** Used where `<limit>` has no `acceleration` (URDF before 1.2): a cautious value, rad/s^2 or m/s^2. */
const DEFAULT_MAX_ACCELERATION = 2;
/** The same for `jerk`: the limit lets the joint take so long to its full acceleration, s. */
const DEFAULT_TIME_TO_FULL_ACCELERATION_S = 0.01;

/**
 * Reads a URDF document.
 * @throws Error with one line that names the joint or link and what is wrong with it.
 */
export function parseUrdf(xml: string): Urdf {
  const robot = parseRobotXml(xml);
  const links = list(robot, "link").map((link) => text(link, "name", "link"));
  const known = new Set(links);
  const joints = list(robot, "joint").map((joint) => readJoint(joint));
  refuseTwins(links, (link) => `link "${link}" is there twice`);
  refuseTwins(joints.map((joint) => joint.name), (joint) => `joint "${joint}" is there twice`);
  refuseTwins(joints.map((joint) => joint.child), (link) => `link "${link}" is the child of two joints`);
  for (const joint of joints) {
    for (const link of [joint.parent, joint.child]) {
      if (!known.has(link)) throw new Error(`urdf: joint "${joint.name}" names the link "${link}", which the file does not have`);
    }
  }
  return { name: text(robot, "name", "robot"), links, joints };
}

function readJoint(node: unknown): UrdfJoint {
  const name = text(node, "name", "joint");
  const type = text(node, "type", `joint "${name}"`);
  if (type !== "revolute" && type !== "continuous" && type !== "prismatic" && type !== "fixed") {
    throw new Error(`urdf: joint "${name}" has the type "${type}"; revolute, continuous, prismatic and fixed are supported`);
  }
  const where = `joint "${name}"`;
  const origin = child(node, "origin");
  const mimic = child(node, "mimic");
  return {
    name,
    type,
    parent: text(child(node, "parent"), "link", `<parent> of joint "${name}"`),
    child: text(child(node, "child"), "link", `<child> of joint "${name}"`),
    origin: { xyz: readVector(where, "origin xyz", attribute(origin, "xyz")), rpy: readVector(where, "origin rpy", attribute(origin, "rpy")) },
    axis: readAxis(where, attribute(child(node, "axis"), "xyz")),
    limits: type === "fixed" ? undefined : readLimits(name, type, child(node, "limit")),
    mimics: attribute(mimic, "joint"),
    mimicMultiplier: readNumber(where, "mimic multiplier", attribute(mimic, "multiplier") ?? "1"),
    mimicOffset: readNumber(where, "mimic offset", attribute(mimic, "offset") ?? "0"),
  };
}

function readAxis(where: string, value = "1 0 0"): string {
  if (readVector(where, "axis xyz", value).trim().split(/\s+/).every((number) => Number(number) === 0)) {
    throw new Error(`urdf: ${where}: axis xyz="${value}" has no direction`);
  }
  return value;
}

function refuseTwins(names: readonly string[], tell: (name: string) => string): void {
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (twin !== undefined) throw new Error(`urdf: ${tell(twin)}`);
}

function readLimits(joint: string, type: string, node: unknown): JointLimits {
  const number = (key: string, missing: number): number => {
    const value = attribute(node, key);
    if (value === undefined) return missing;
    return readNumber(`joint "${joint}"`, `limit ${key}`, value);
  };
  const maxAcceleration = number("acceleration", DEFAULT_MAX_ACCELERATION);
  const unbounded = type === "continuous" ? Infinity : 0;
  const limits = {
    name: joint,
    lower: number("lower", -unbounded),
    upper: number("upper", unbounded),
    maxVelocity: number("velocity", 0),
    maxAcceleration,
    maxJerk: number("jerk", maxAcceleration / DEFAULT_TIME_TO_FULL_ACCELERATION_S),
  };
  if (!(limits.lower < limits.upper)) {
    throw new Error(`urdf: joint "${joint}" has lower limit ${limits.lower} and upper limit ${limits.upper}; lower must be less`);
  }
  if (!(limits.maxVelocity > 0)) throw new Error(`urdf: joint "${joint}" has no positive velocity limit in <limit>`);
  if (!(limits.maxAcceleration > 0)) throw new Error(`urdf: joint "${joint}" has no positive acceleration limit in <limit>`);
  if (!(limits.maxJerk > 0)) throw new Error(`urdf: joint "${joint}" has no positive jerk limit in <limit>`);
  return limits;
}
