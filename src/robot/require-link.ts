import type { Urdf } from "./urdf.js";

/** @throws Error with one line when the robot has no such link. */
export function requireLink({ name, links }: Urdf, link: string): void {
  if (!links.includes(link)) throw new Error(`robot: the URDF "${name}" has no link "${link}"; it has ${links.join(", ")}`);
}
