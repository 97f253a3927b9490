import type { JointEstimate, ObjectiveTerm, ScoredRollouts, TermContext } from "../../src/planner/index.js";

export const HORIZON = 4;
export const STATE_DIM = 7;
export const ACTION_DIM = 4;

/** A demo-like arm: two joints that move the tool, one without limits, one finger. */
export const CONTEXT: TermContext = {
  horizon: HORIZON, periodS: 0.2,
  actionNames: ["dx", "dy", "dz", "gripper"], low: [-0.04, -0.04, -0.04, 0], high: [0.04, 0.04, 0.04, 1],
  stateNames: ["ee_x", "ee_y", "ee_z", "gripper_opening", "ee_vx", "ee_vy", "ee_vz"],
  joints: [
    { name: "shoulder", lower: -1, upper: 3, movesTool: true },
    { name: "elbow", lower: -2, upper: 0, movesTool: true },
    { name: "wheel", lower: -Infinity, upper: Infinity, movesTool: true },
    { name: "finger", lower: 0, upper: 0.04, movesTool: false },
  ],
  fullOpeningM: 0.08,
};

export const JOINTS: JointEstimate = {
  positions: Float64Array.of(1, -1, 5, 0.02),
  perMetre: Float64Array.of(2, 0, 0, 0, 4, 0, 1, 1, 1, 0, 0, 0),
};

export interface Given {
  /** [count][HORIZON][ACTION_DIM] */
  readonly actions?: readonly (readonly (readonly number[])[])[];
  /** [count][HORIZON][3], the rest of the state is 0. */
  readonly tool?: readonly (readonly (readonly number[])[])[];
  readonly energies?: readonly (readonly number[])[];
  readonly start?: readonly number[];
  readonly from?: number;
  readonly to?: number;
}

/** A population out of nested lists. */
export function rollouts({ actions, tool, energies, start = [0, 0, 0, 0, 0, 0, 0], from = 0, to = HORIZON }: Given): ScoredRollouts {
  const count = (actions ?? tool ?? energies)!.length;
  return {
    count, horizon: HORIZON, actionDim: ACTION_DIM, stateDim: STATE_DIM, from, to,
    actions: Float32Array.from(actions?.flat(2) ?? new Float32Array(count * HORIZON * ACTION_DIM)),
    stepEnergies: Float32Array.from(energies?.flat() ?? new Float32Array(count * HORIZON)),
    states: Float32Array.from(tool?.flatMap((rows) => rows.flatMap((row) => [...row, 0, 0, 0, 0])) ?? new Float32Array(count * HORIZON * STATE_DIM)),
    start: { state: Float32Array.from(start), joints: JOINTS },
  };
}

/** The costs of an initialized term. */
export function costsOf(term: ObjectiveTerm, scored: ScoredRollouts, context = CONTEXT): number[] {
  term.initialize(context);
  const costs = new Float64Array(scored.count);
  term.score(scored, costs);
  return [...costs];
}

/** The same row at every step. */
export function held(row: readonly number[]): number[][] {
  return Array.from({ length: HORIZON }, () => [...row]);
}
