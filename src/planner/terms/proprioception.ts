import type { TermContext } from "./types.js";

/** Index of each of these entries of the proprioception. @throws Error with one line naming the first that is missing. */
export function stateIndices({ stateNames }: Pick<TermContext, "stateNames">, wanted: readonly string[], term: string): number[] {
  return wanted.map((name) => {
    const at = stateNames.indexOf(name);
    if (at < 0) throw new Error(`objective term ${term} needs ${name} in the bundle's proprioception, which has ${stateNames.join(", ")}`);
    return at;
  });
}

/** Where tool x, y, z stand in the proprioception. @throws Error as above. */
export function toolIndices(context: Pick<TermContext, "stateNames">, term: string): [number, number, number] {
  return stateIndices(context, ["ee_x", "ee_y", "ee_z"], term) as [number, number, number];
}

/** The gripper among the actions, or -1: its action is a place, not a change. */
export function gripperIndex({ actionNames }: Pick<TermContext, "actionNames">): number {
  return actionNames.indexOf("gripper");
}
