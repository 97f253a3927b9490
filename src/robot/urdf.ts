import { XMLParser } from "fast-xml-parser";
import type { JointLimits } from "./types.js";

/** A joint as the URDF has it. Origin: metres and radians (fixed-axis roll, pitch, yaw). */
export interface UrdfJoint {
  readonly name: string;
  readonly type: "revolute" | "continuous" | "prismatic" | "fixed";
  readonly parent: string;
  readonly child: string;
  readonly origin: { readonly xyz: string; readonly rpy: string };
  readonly axis: string;
  readonly limits: JointLimits | undefined;
  readonly mimics: string | undefined;
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
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    isArray: (_name, path) => path === "robot.link" || path === "robot.joint",
  });
  let root: unknown;
  try {
    root = parser.parse(xml, true);
  } catch (error) {
    throw new Error(`urdf: not well-formed XML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const robot = child(root, "robot");
  if (robot === undefined) throw new Error("urdf: no <robot> element; is this a URDF file (not xacro, SDF or MJCF)?");
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
  const origin = child(node, "origin");
  return {
    name,
    type,
    parent: text(child(node, "parent"), "link", `<parent> of joint "${name}"`),
    child: text(child(node, "child"), "link", `<child> of joint "${name}"`),
    origin: { xyz: readVector(name, "origin xyz", attribute(origin, "xyz")), rpy: readVector(name, "origin rpy", attribute(origin, "rpy")) },
    axis: readAxis(name, attribute(child(node, "axis"), "xyz")),
    limits: type === "fixed" ? undefined : readLimits(name, type, child(node, "limit")),
    mimics: attribute(child(node, "mimic"), "joint"),
  };
}

/** Checks three numbers; "0 0 0" where there are none. */
function readVector(joint: string, what: string, value = "0 0 0"): string {
  const numbers = value.trim().split(/\s+/);
  if (numbers.length !== 3 || !numbers.every((number) => number !== "" && Number.isFinite(Number(number)))) {
    throw new Error(`urdf: joint "${joint}": ${what}="${value}" is not three numbers`);
  }
  return value;
}

function readAxis(joint: string, value = "1 0 0"): string {
  if (readVector(joint, "axis xyz", value).trim().split(/\s+/).every((number) => Number(number) === 0)) {
    throw new Error(`urdf: joint "${joint}": axis xyz="${value}" has no direction`);
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
    const parsed = Number(value);
    if (value.trim() === "" || !Number.isFinite(parsed)) throw new Error(`urdf: joint "${joint}": limit ${key}="${value}" is not a number`);
    return parsed;
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

function child(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}

function list(node: unknown, name: string): unknown[] {
  const value = child(node, name);
  return Array.isArray(value) ? value : [];
}

function attribute(node: unknown, name: string): string | undefined {
  const value = child(node, name);
  return typeof value === "string" ? value : undefined;
}

function text(node: unknown, name: string, where: string): string {
  const value = attribute(node, name);
  if (value === undefined || value === "") throw new Error(`urdf: ${where} has no ${name}`);
  return value;
}
