/** How one axis of the tool answers to its action: move = gain * action + carry * move before + bias. Moves and actions in m a period. */
export interface AxisCorrection {
  /** Index of its action. */
  readonly action: number;
  readonly gain: number;
  /** Share of the move before that goes on: an arm that lags. */
  readonly carry: number;
  readonly biasM: number;
  /** The move of the period before the first action, m. */
  readonly beforeM: number;
}

/** What lies between a world model and the robot it is used on. Plain data: it is sent to the planning thread. */
export interface Correction {
  readonly axes: readonly AxisCorrection[];
  /** Added to a picture's latent before anything is planned from it, [latentDim]. */
  readonly latentShift: Float32Array;
  /** Added to the goal's latent, [latentDim]. */
  readonly goalShift: Float32Array;
}

/**
 * What the model is to be told, so that it rolls out what the robot will do: for each action the move that comes of it.
 *
 * @param actions commands, row-major [count, horizon, actionDim]. @param moves where to write them, the same size.
 */
export function movesOf(actions: Float32Array, moves: Float32Array, { axes }: Correction, shape: { readonly count: number; readonly horizon: number; readonly actionDim: number }): void {
  const { count, horizon, actionDim } = shape;
  moves.set(actions.subarray(0, count * horizon * actionDim));
  for (const { action, gain, carry, biasM, beforeM } of axes) {
    for (let c = 0; c < count; c++) {
      let before = beforeM;
      for (let h = 0; h < horizon; h++) {
        const at = (c * horizon + h) * actionDim + action;
        moves[at] = before = gain * actions[at]! + carry * before + biasM;
      }
    }
  }
}

/** The commands that would bring about given moves, in place; the reverse of `movesOf`. They may lie outside of the action's box. */
export function commandsOf(moves: Float32Array, { axes }: Correction, shape: { readonly count: number; readonly horizon: number; readonly actionDim: number }): void {
  const { count, horizon, actionDim } = shape;
  for (const { action, gain, carry, biasM, beforeM } of axes) {
    for (let c = 0; c < count; c++) {
      let before = beforeM;
      for (let h = 0; h < horizon; h++) {
        const at = (c * horizon + h) * actionDim + action;
        const move = moves[at]!;
        moves[at] = (move - carry * before - biasM) / gain;
        before = move;
      }
    }
  }
}

/** @returns a fresh array. */
export function shifted(latent: Float32Array, by: Float32Array): Float32Array {
  return latent.map((value, i) => value + by[i]!);
}
