import type { ShownCandidates } from "./planning-service.js";

/** Where candidates bring the tool; base frame, m. */
export interface ToolPaths {
  readonly count: number;
  readonly horizon: number;
  /** Where the tool is when the plan begins, [3]. */
  readonly start: Float32Array;
  /** After each step, row-major [count, horizon, 3]; the chosen plan first, then the next best. */
  readonly places: Float32Array;
  /** Objective values, [count], lowest first. */
  readonly energies: Float64Array;
}

/** Where joints bring the tool: `RobotModel` is one. */
export interface ForwardKinematics {
  readonly jointNames: readonly string[];
  readonly movesTool: readonly boolean[];
  /** @param positions in the order of jointNames; rad, m. @returns m, base frame. */
  toolPose(positions: ArrayLike<number>): { readonly position: ArrayLike<number> };
}

/** What the numbers of a bundle mean. */
export interface PathNames {
  readonly stateNames: readonly string[];
  readonly actionNames: readonly string[];
  /** For bundles whose state is joint positions. */
  readonly robot?: ForwardKinematics;
}

const PLACE = ["ee_x", "ee_y", "ee_z"] as const;
const STEP = ["dx", "dy", "dz"] as const;

/**
 * The way of the tool along each candidate: as the model predicts it where it says the states, else the sum of the steps that the actions ask for. Of a state of
 * joint positions it is what the robot's kinematics make of it.
 * @returns undefined where the state does not say where the tool is.
 */
export function toolPaths(shown: ShownCandidates, names: PathNames): ToolPaths | undefined {
  const { count, actions, energies } = shown;
  const { stateNames, actionNames } = names;
  const place = placeOf(names);
  if (count === 0 || place === undefined) return undefined;
  const horizon = actions.length / count / actionNames.length;
  const states = shown.states ?? summedStates(shown, names, horizon);
  if (states === undefined) return undefined;
  const places = new Float32Array(count * horizon * 3);
  for (let row = 0; row < count * horizon; row++) places.set(place(states.subarray(row * stateNames.length, (row + 1) * stateNames.length)), 3 * row);
  return { count, horizon, start: Float32Array.from(place(shown.start)), places, energies };
}

/** From a state to where the tool is. */
function placeOf({ stateNames, robot }: PathNames): ((state: Float32Array) => readonly number[]) | undefined {
  const axes = PLACE.map((name) => stateNames.indexOf(name));
  if (!axes.includes(-1)) return (state) => axes.map((index) => state[index]!);
  if (robot === undefined) return undefined;
  const joints = robot.jointNames.map((name) => stateNames.indexOf(name));
  if (joints.some((index, joint) => index < 0 && robot.movesTool[joint]!)) return undefined;
  return (state) => Array.from(robot.toolPose(joints.map((index) => index < 0 ? 0 : state[index]!)).position);
}

/** States without a model: where the actions would lead if they were executed to the letter. */
function summedStates({ count, actions, start }: ShownCandidates, { stateNames, actionNames }: PathNames, horizon: number): Float32Array | undefined {
  // dx moves ee_x, and a joint's delta the joint of its name.
  const moved = actionNames.map((name) => stateNames.indexOf(STEP.includes(name as (typeof STEP)[number]) ? PLACE[STEP.indexOf(name as (typeof STEP)[number])]! : name));
  if (moved.every((index) => index < 0)) return undefined;
  const states = new Float32Array(count * horizon * stateNames.length);
  for (let row = 0; row < count * horizon; row++) {
    const state = states.subarray(row * stateNames.length, (row + 1) * stateNames.length);
    state.set(row % horizon === 0 ? start : states.subarray((row - 1) * stateNames.length, row * stateNames.length));
    moved.forEach((index, a) => { if (index >= 0) state[index]! += actions[row * actionNames.length + a]!; });
  }
  return states;
}
