import { attribute, child, list, parseRobotXml, readNumber, readVector, text } from "./xml-node.js";

/** Geometry of a collision shape, lengths in m. Boxes have full edge lengths, cylinders and capsules lie along their z. */
export type ShapeGeometry =
  | { readonly kind: "box"; readonly sizeM: readonly number[] }
  | { readonly kind: "sphere"; readonly radiusM: number }
  | { readonly kind: "cylinder" | "capsule"; readonly radiusM: number; readonly lengthM: number }
  | { readonly kind: "mesh"; readonly uri: string; readonly scale: string };

/** A `<collision>` element: where it is in its link's frame (m, rad as fixed-axis roll, pitch, yaw) and what it is. */
export interface UrdfShape {
  readonly link: string;
  readonly origin: { readonly xyz: string; readonly rpy: string };
  readonly geometry: ShapeGeometry;
}

/**
 * The collision shapes of a URDF document, in its order.
 * @throws Error with one line that names the link and what is wrong with its shape.
 */
export function parseCollisionShapes(xml: string): UrdfShape[] {
  return list(parseRobotXml(xml), "link").flatMap((link) => {
    const name = text(link, "name", "link");
    const where = `collision shape of link "${name}"`;
    return list(link, "collision").map((collision) => {
      const origin = child(collision, "origin");
      return {
        link: name,
        origin: { xyz: readVector(where, "origin xyz", attribute(origin, "xyz")), rpy: readVector(where, "origin rpy", attribute(origin, "rpy")) },
        geometry: readGeometry(where, child(collision, "geometry")),
      };
    });
  });
}

function readGeometry(where: string, node: unknown): ShapeGeometry {
  const length = (shape: unknown, key: string): number => {
    const value = readNumber(where, key, text(shape, key, where));
    if (!(value > 0)) throw new Error(`urdf: ${where}: ${key}="${value}" is not positive`);
    return value;
  };
  const box = child(node, "box");
  if (box !== undefined) {
    const sizeM = readVector(where, "size", text(box, "size", where)).trim().split(/\s+/).map(Number);
    if (!sizeM.every((edge) => edge > 0)) throw new Error(`urdf: ${where}: size="${sizeM.join(" ")}" is not positive`);
    return { kind: "box", sizeM };
  }
  const sphere = child(node, "sphere");
  if (sphere !== undefined) return { kind: "sphere", radiusM: length(sphere, "radius") };
  for (const kind of ["cylinder", "capsule"] as const) {
    const round = child(node, kind);
    if (round !== undefined) return { kind, radiusM: length(round, "radius"), lengthM: length(round, "length") };
  }
  const mesh = child(node, "mesh");
  if (mesh !== undefined) {
    return { kind: "mesh", uri: text(mesh, "filename", where), scale: readVector(where, "scale", attribute(mesh, "scale") ?? "1 1 1") };
  }
  throw new Error(`urdf: ${where} has no box, sphere, cylinder, capsule or mesh`);
}
