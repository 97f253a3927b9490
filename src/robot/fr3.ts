import { CollisionModel } from "./collision-model.js";
import { eeActions, type EeDescription } from "./ee-actions.js";
import { EeDeltaActions, type EeDeltaOptions } from "./ee-delta.js";
import { RobotModel } from "./model.js";
import type { RobotDescription } from "./robot-description.js";
import type { ActionSpace, Workspace } from "./types.js";

/** Joint positions of the usual ready pose, gripper open: rad for the arm, m for the finger. */
export const FR3_READY: readonly number[] = [0, -Math.PI / 4, 0, (-3 * Math.PI) / 4, 0, Math.PI / 2, Math.PI / 4, 0.04];

export const FR3_JOINTS: readonly string[] = [1, 2, 3, 4, 5, 6, 7].map((i) => `fr3_joint${i}`).concat("fr3_finger_joint1");

/** Where the tool may go in front of the demo arm: over the table, clear of the base. */
export const FR3_WORKSPACE: Workspace = { low: [0.35, -0.22, 0.02], high: [0.65, 0.22, 0.32] };

/** The demo arm's gripper: index of its joint, opening between both fingers (m) per joint metre, largest joint value (m). */
const FR3_GRIPPER = { joint: 7, openingPerJoint: 2, maxJoint: 0.04 } as const;

/** Opening between the fingers at gripper action 1, m. */
export const FR3_FULL_OPENING_M = FR3_GRIPPER.openingPerJoint * FR3_GRIPPER.maxJoint;

/** Tool axis down, fingers opening along the base frame's y: how the arm held its tool in the data the model learned from. */
export const TOOL_DOWN: readonly number[] = [1, 0, 0, 0, -1, 0, 0, 0, -1];

/** The demo arm, as other robots are described in `config/robots/`. */
export const FR3: RobotDescription = {
  name: "fr3",
  description: "Franka Research 3 with the Franka Hand, the tool pointing down",
  urdf: "urdf/fr3.urdf",
  base_link: "fr3_link0",
  tool_link: "fr3_hand_tcp",
  joints: [...FR3_JOINTS],
  posture: [...FR3_READY],
  workspace: FR3_WORKSPACE,
  gripper: { joint: FR3_JOINTS[FR3_GRIPPER.joint]!, max_joint: FR3_GRIPPER.maxJoint, opening_per_joint: FR3_GRIPPER.openingPerJoint },
  action: { kind: "ee_delta" },
  safety: {},
  simulation: {
    servos: [
      ...[[1, 2, 4500, 87], [3, 3, 3500, 87], [4, 4, 3500, 87], [5, 7, 2000, 12]].map(([first, last, kp, maxForce]) => ({
        joints: FR3_JOINTS.slice(first! - 1, last), kp: kp!, kv: kp! / 10, max_force: maxForce!, armature: 0.3,
      })),
      { joints: ["fr3_finger_joint1", "fr3_finger_joint2"], kp: 1500, kv: 60, max_force: 30, armature: 0.2 },
    ],
    excluded_contacts: [["fr3_link0", "fr3_link1"], ["fr3_finger1", "fr3_finger2"]],
  },
};

/** Kinematics of the demo arm from its URDF text. */
export function fr3Model(urdf: string): Promise<RobotModel> {
  return RobotModel.fromUrdf(urdf, { baseLink: "fr3_link0", toolLink: "fr3_hand_tcp", jointNames: FR3_JOINTS });
}

/** Its collision shapes, without anything about it. */
export function fr3Collision(urdf: string): Promise<CollisionModel> {
  return CollisionModel.fromUrdf(urdf, { baseLink: "fr3_link0", jointNames: FR3_JOINTS });
}

/** The demo arm's action space: both fingers move by the finger joint's value. */
export function fr3Actions(robot: RobotModel, workspace: Workspace = FR3_WORKSPACE): EeDeltaActions {
  return new EeDeltaActions(robot, fr3Options(workspace));
}

/** The action space that a bundle describes, on the demo arm. @throws Error with one line for one that cannot be executed. */
export function fr3ActionsOf(robot: RobotModel, described: EeDescription): ActionSpace {
  return eeActions(robot, described, fr3Options(FR3_WORKSPACE));
}

function fr3Options(workspace: Workspace): EeDeltaOptions {
  return { workspace, toolRotation: TOOL_DOWN, posture: FR3_READY, gripper: FR3_GRIPPER };
}
