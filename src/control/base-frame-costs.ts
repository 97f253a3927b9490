import type { CandidateCosts, Rollouts } from "../planner/index.js";
import type { FrameTurn } from "../robot/frame-turn.js";

/** How a model's axes lie in the base frame. */
export interface ModelTurn {
  readonly actions: FrameTurn;
  readonly states: FrameTurn;
}

/** Costs that think in the base frame, of roll-outs in the frame of a model with turned axes: a zone is where it is, however the camera stands. */
export class BaseFrameCosts implements CandidateCosts {
  readonly #inner: CandidateCosts;
  readonly #turn: ModelTurn;
  // Grow to the largest population and stay.
  #actions: Float32Array = new Float32Array(0);
  #states: Float32Array = new Float32Array(0);

  constructor(inner: CandidateCosts, turn: ModelTurn) {
    this.#inner = inner;
    this.#turn = turn;
  }

  add(rollouts: Rollouts, energies: Float64Array): void {
    const { actions, states } = rollouts;
    this.#actions = roomFor(actions, this.#actions);
    if (states !== undefined) this.#states = roomFor(states, this.#states);
    this.#inner.add({
      ...rollouts,
      actions: this.#turn.actions.toBase(actions, this.#actions.subarray(0, actions.length)),
      ...(states === undefined ? {} : { states: this.#turn.states.toBase(states, this.#states.subarray(0, states.length)) }),
    }, energies);
  }

  best(row: number): void {
    this.#inner.best(row);
  }
}

function roomFor(values: Float32Array, room: Float32Array): Float32Array {
  return room.length < values.length ? new Float32Array(values.length) : room;
}
