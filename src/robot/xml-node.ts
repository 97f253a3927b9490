import { XMLParser } from "fast-xml-parser";

/**
 * The `<robot>` element of a URDF document, as nested records.
 * @throws Error with one line when this is not XML, or not a URDF.
 */
export function parseRobotXml(xml: string): unknown {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    isArray: (_name, path) => path === "robot.link" || path === "robot.joint" || path === "robot.link.collision",
  });
  let root: unknown;
  try {
    root = parser.parse(xml, true);
  } catch (error) {
    throw new Error(`urdf: not well-formed XML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const robot = child(root, "robot");
  if (robot === undefined) throw new Error("urdf: no <robot> element; is this a URDF file (not xacro, SDF or MJCF)?");
  return robot;
}

/** The child element, or undefined. */
export function child(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}

/** The child elements of a name that parseRobotXml() keeps as a list. */
export function list(node: unknown, name: string): unknown[] {
  const value = child(node, name);
  return Array.isArray(value) ? value : [];
}

export function attribute(node: unknown, name: string): string | undefined {
  const value = child(node, name);
  return typeof value === "string" ? value : undefined;
}

/** @throws Error with one line when the attribute is missing or empty. */
export function text(node: unknown, name: string, where: string): string {
  const value = attribute(node, name);
  if (value === undefined || value === "") throw new Error(`urdf: ${where} has no ${name}`);
  return value;
}

/** Checks three numbers; "0 0 0" where there are none. */
export function readVector(where: string, what: string, value = "0 0 0"): string {
  const numbers = value.trim().split(/\s+/);
  if (numbers.length !== 3 || !numbers.every((number) => number !== "" && Number.isFinite(Number(number)))) {
    throw new Error(`urdf: ${where}: ${what}="${value}" is not three numbers`);
  }
  return value;
}

export function readNumber(where: string, what: string, value: string): number {
  const parsed = Number(value);
  if (value.trim() === "" || !Number.isFinite(parsed)) throw new Error(`urdf: ${where}: ${what}="${value}" is not a number`);
  return parsed;
}
