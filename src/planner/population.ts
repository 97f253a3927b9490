/** Candidates with their energies; allocated once and refilled in every iteration. */
export class Population {
  readonly capacity: number;
  readonly horizon: number;
  readonly actionDim: number;
  /** Row-major [capacity, horizon, actionDim]. */
  readonly actions: Float32Array;
  /** Row-major [capacity, horizon]. */
  readonly stepEnergies: Float32Array;
  /** Objective values, [capacity]. */
  readonly energies: Float64Array;

  constructor(capacity: number, horizon: number, actionDim: number) {
    this.capacity = capacity;
    this.horizon = horizon;
    this.actionDim = actionDim;
    this.actions = new Float32Array(capacity * horizon * actionDim);
    this.stepEnergies = new Float32Array(capacity * horizon);
    this.energies = new Float64Array(capacity);
  }

  /** Copies candidate `from` of `source` (actions and energies) over candidate `to`. */
  copy(to: number, source: Population, from: number): void {
    const size = this.horizon * this.actionDim;
    for (let i = 0; i < size; i++) {
      this.actions[to * size + i] = source.actions[from * size + i]!;
    }
    for (let h = 0; h < this.horizon; h++) {
      this.stepEnergies[to * this.horizon + h] = source.stepEnergies[from * this.horizon + h]!;
    }
    this.energies[to] = source.energies[from]!;
  }
}

/**
 * Moves sequences `steps` actions into the future in place; the gap at the end repeats the last action.
 * @param sequences row-major [count, horizon, actionDim].
 */
export function shiftSequences(
  sequences: Float32Array | Float64Array, count: number, horizon: number, actionDim: number, steps: number,
): void {
  for (let c = 0; c < count; c++) {
    const start = c * horizon * actionDim;
    for (let h = 0; h < horizon; h++) {
      const from = start + Math.min(h + steps, horizon - 1) * actionDim;
      const to = start + h * actionDim;
      for (let a = 0; a < actionDim; a++) {
        sequences[to + a] = sequences[from + a]!;
      }
    }
  }
}
