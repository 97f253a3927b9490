import type { RobotDescription } from "../src/robot/robot-description.js";

/** What the numbers of a data set of an arm are called: proprioception and actions. */
export function namesOf({ action, joints }: Pick<RobotDescription, "action" | "joints">): { readonly state: readonly string[]; readonly action: readonly string[] } {
  return action.kind === "joint_delta"
    ? { state: joints, action: joints }
    : { state: ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"], action: ["dx", "dy", "dz", "gripper"] };
}
