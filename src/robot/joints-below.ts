import type { Urdf, UrdfJoint } from "./urdf.js";

/** The joints that hang below a link; what carries it (a table, a mobile base) is left out, so that its frame is the world's. */
export function jointsBelow(urdf: Urdf, base: string): UrdfJoint[] {
  const reached = new Set([base]);
  const joints = new Set<UrdfJoint>();
  for (const link of reached) {
    for (const joint of urdf.joints) {
      if (joint.parent !== link || reached.has(joint.child)) continue;
      joints.add(joint);
      reached.add(joint.child);
    }
  }
  return urdf.joints.filter((joint) => joints.has(joint));
}
