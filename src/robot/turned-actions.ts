import { FrameTurn, type Turn } from "./frame-turn.js";
import type { ActionSpace, JointState } from "./types.js";

/** Names of the numbers that cross between model and robot, as the bundle's manifest has them. */
export interface TurnedNames {
  readonly action: { readonly names: readonly string[] };
  readonly state: { readonly names: readonly string[] };
}

/**
 * An action space whose model has turned axes, because it takes them from the picture: actions come in the model's frame and are
 * executed in the base frame, proprioception goes the other way. What comes out of it is joint targets as ever, so that limits, guards and the
 * workspace know nothing of the turn.
 */
export class TurnedActions implements ActionSpace {
  readonly #inner: ActionSpace;
  readonly #actions: FrameTurn;
  readonly #states: FrameTurn;

  constructor(inner: ActionSpace, { action, state }: TurnedNames, turn: Turn) {
    this.#inner = inner;
    this.#actions = new FrameTurn(action.names, turn);
    this.#states = new FrameTurn(state.names, turn);
  }

  jointTargets(setpointPositions: Float64Array, action: Float32Array): Float64Array {
    return this.#inner.jointTargets(setpointPositions, this.#actions.toBase(action));
  }

  state(joints: JointState): Float32Array {
    return this.#states.toModel(this.#inner.state(joints));
  }
}
