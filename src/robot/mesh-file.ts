import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The bytes of a mesh that a URDF names: `package://<package>/<path>` (looked for where ROS 2 and ROS 1 list packages:
 * AMENT_PREFIX_PATH, ROS_PACKAGE_PATH), `file://`, or an absolute path.
 *
 * @throws Error that says where it was looked for.
 */
export function readMeshFile(uri: string): Uint8Array {
  const places = placesOf(uri);
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Error(places.length === 0 ? "neither package://, file:// nor an absolute path, or no package path is set" : `not found at ${places.join(" or ")}`);
  }
  return readFileSync(found);
}

function placesOf(uri: string): string[] {
  const inPackage = /^package:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (inPackage !== null) {
    const [, name = "", path = ""] = inPackage;
    const listed = (variable: string): string[] => (process.env[variable] ?? "").split(":").filter((entry) => entry !== "");
    return [
      ...listed("AMENT_PREFIX_PATH").map((prefix) => join(prefix, "share", name, path)),
      ...listed("ROS_PACKAGE_PATH").map((folder) => join(folder, name, path)),
    ];
  }
  if (uri.startsWith("file://")) return [fileURLToPath(uri)];
  return isAbsolute(uri) ? [uri] : [];
}
