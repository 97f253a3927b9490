/**
 * The action that leaves the robot where it is, given its proprioception [stateDim] and the last action [actionDim] it was
 * sent, where there is one.
 */
export type RestAction = (state: Float32Array, last?: Float32Array) => Float32Array;

/** Where an action and a state of kind `ee_delta` keep the gripper. */
export interface EeDeltaRestOptions {
  readonly actionNames: readonly string[];
  readonly stateNames: readonly string[];
  /** Opening (m) of the gripper at action 1. */
  readonly fullOpeningM: number;
}

/** What of a bundle decides how its robot rests. */
export interface RestDescription {
  readonly action: { readonly kind: "ee_delta" | "joint_delta"; readonly names: readonly string[]; readonly gripper?: string | undefined };
  readonly state: { readonly names: readonly string[] };
}

/**
 * Rest for what a bundle describes. Changes of joints, or of pose and grip, rest at zero; a gripper that is a place rests there.
 *
 * @param fullOpeningM opening (m) of the gripper at action 1, where it is a place.
 */
export function restActionOf({ action, state }: RestDescription, fullOpeningM: number): RestAction {
  return action.kind === "joint_delta" || action.gripper === "closedness_change"
    ? zeroRestAction(action.names.length)
    : eeDeltaRestAction({ actionNames: action.names, stateNames: state.names, fullOpeningM });
}

/** Rest for deltas alone: zeros, [actionDim]. */
export function zeroRestAction(actionDim: number): RestAction {
  return () => new Float32Array(actionDim);
}

/**
 * Rest for end-effector deltas: no delta, and the gripper, whose action is a place, where it was sent: fingers round an object
 * never get there, and resting where they are would let go. Without a last action, where it is (`gripper`, `gripper_opening`).
 */
export function eeDeltaRestAction({ actionNames, stateNames, fullOpeningM }: EeDeltaRestOptions): RestAction {
  const gripper = actionNames.indexOf("gripper");
  const opening = stateNames.indexOf("gripper_opening");
  return (state, last) => {
    const action = new Float32Array(actionNames.length);
    if (gripper >= 0 && last !== undefined) action[gripper] = last[gripper]!;
    else if (gripper >= 0 && opening >= 0) action[gripper] = Math.min(1, Math.max(0, state[opening]! / fullOpeningM));
    return action;
  };
}
