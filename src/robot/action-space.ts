import { eeActions, type EeDescription } from "./ee-actions.js";
import type { EeDeltaOptions } from "./ee-delta.js";
import { JointDeltaActions } from "./joint-delta.js";
import type { RobotModel } from "./model.js";
import type { ActionSpace } from "./types.js";

/** What a bundle says of its actions and proprioception, as far as it decides how they are executed. */
export interface ActionDescription extends EeDescription {
  readonly action: EeDescription["action"] & { readonly kind: "ee_delta" | "joint_delta" };
}

export interface ActionSpaceOptions extends EeDeltaOptions {
  /** What the command pipeline keeps arm joints from their limits by, rad. Default: its own. */
  readonly positionMargin?: number;
}

/** Targets stay clear of the pipeline's bounds by this, rad. */
const MORE_THAN_THE_PIPELINE = 0.005;

/**
 * The action space that a bundle describes, on a robot.
 *
 * @throws Error with one line for actions or states that this robot cannot execute or does not have.
 */
export function createActionSpace(robot: RobotModel, described: ActionDescription, options: ActionSpaceOptions): ActionSpace {
  return described.action.kind === "ee_delta" ? eeActions(robot, described, options) : jointDeltaActions(robot, described, options);
}

function jointDeltaActions(robot: RobotModel, { action, state }: EeDescription, { workspace, positionMargin }: ActionSpaceOptions): ActionSpace {
  const unknown = action.names.find((name) => !robot.jointNames.includes(name));
  if (unknown !== undefined) throw new Error(`its action "${unknown}" is no joint of the robot, which has ${robot.jointNames.join(", ")}`);
  const twin = action.names.find((name, i) => action.names.indexOf(name) < i);
  if (twin !== undefined) throw new Error(`its actions name the joint "${twin}" twice`);
  if (state.names.join(",") !== action.names.join(",")) {
    throw new Error(`state ${state.names.join(",")} is not known beside actions of kind joint_delta: it must be the positions of the same joints, ${action.names.join(",")}`);
  }
  return new JointDeltaActions(robot, { workspace, ...(positionMargin === undefined ? {} : { armMargin: positionMargin + MORE_THAN_THE_PIPELINE }), joints: action.names.map((name) => robot.jointNames.indexOf(name)) });
}
