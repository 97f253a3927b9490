import type { UrdfJoint } from "./urdf.js";

/** Two links that are not checked against each other, and why. */
export interface ExcludedPair {
  readonly first: string;
  readonly second: string;
  readonly why: "neighbours" | "same_body" | "gripper" | "always_in_contact" | "always_close";
}

/**
 * The pairs of links that cannot or may touch by construction: parts of one rigid body (joined by fixed joints), bodies that
 * share a joint, and what the gripper moves with itself (fingers meet).
 *
 * @returns undefined for a pair that must be checked.
 */
export function structuralExclusion(
  base: string, joints: readonly UrdfJoint[], gripperJoints: readonly string[],
): (first: string, second: string) => ExcludedPair["why"] | undefined {
  const bodies = rigidBodies(base, joints);
  const neighbours = new Set<string>();
  const gripped = new Set<string>();
  for (const joint of joints) {
    const [parent, child] = [bodies.get(joint.parent)!, bodies.get(joint.child)!];
    if (parent !== child) neighbours.add(`${parent}/${child}`).add(`${child}/${parent}`);
    const moves = joint.type !== "fixed" && (gripperJoints.includes(joint.name) || gripperJoints.includes(joint.mimics ?? ""));
    if (moves || gripped.has(joint.parent)) gripped.add(joint.child);
  }
  return (first, second) => {
    const [a, b] = [bodies.get(first)!, bodies.get(second)!];
    if (a === b) return "same_body";
    if (neighbours.has(`${a}/${b}`)) return "neighbours";
    return gripped.has(first) && gripped.has(second) ? "gripper" : undefined;
  };
}

/** Number of the rigid body of each link; the base link's is 0. Fixed joints join links to one body. */
export function rigidBodies(base: string, joints: readonly UrdfJoint[]): Map<string, number> {
  const bodies = new Map([[base, 0]]);
  let next = 1;
  // Parents before children, whatever order the file has.
  for (const link of bodies.keys()) {
    for (const joint of joints) {
      if (joint.parent === link && !bodies.has(joint.child)) {
        bodies.set(joint.child, joint.type === "fixed" ? bodies.get(link)! : next++);
      }
    }
  }
  return bodies;
}
