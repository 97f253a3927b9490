import { commandsOf, type Correction, movesOf } from "../adaptation/index.js";
import type { RolloutScores, RolloutScoresWithStates, WorldModel } from "../world-model/types.js";

/** What of a world model a plan asks. */
export type PlannedModel = Pick<WorldModel, "horizon" | "actionDim" | "score" | "scoreWithStates" | "propose" | "rollOut">;

/**
 * A world model whose roll-outs are of the robot as it is: it is told the moves that the robot will make of the actions. So the search goes over commands, their
 * box and their costs, and its plan is what is executed.
 */
export class CorrectedModel implements PlannedModel {
  readonly #model: PlannedModel;
  /** There when the model's are. */
  readonly scoreWithStates?: NonNullable<PlannedModel["scoreWithStates"]>;
  readonly propose?: NonNullable<PlannedModel["propose"]>;
  readonly rollOut?: NonNullable<PlannedModel["rollOut"]>;
  #correction: Correction = { axes: [], latentShift: new Float32Array(0), goalShift: new Float32Array(0) };
  // Grow to the largest population and stay.
  #moves = new Float32Array(0);
  #commands = new Float32Array(0);

  constructor(model: PlannedModel) {
    this.#model = model;
    const { scoreWithStates, propose, rollOut } = model;
    if (scoreWithStates !== undefined) {
      this.scoreWithStates = (latent, state, actions, count, goal): Promise<RolloutScoresWithStates> => scoreWithStates.call(model, latent, state, this.#movesOf(actions, count), count, goal);
    }
    if (rollOut !== undefined) this.rollOut = (latent, state, actions, count) => rollOut.call(model, latent, state, this.#movesOf(actions, count), count);
    if (propose !== undefined) this.propose = (latent, state, goal, committed, noise, count) => this.#propose(propose.bind(model), latent, state, goal, committed, noise, count);
  }

  get horizon(): number {
    return this.#model.horizon;
  }

  get actionDim(): number {
    return this.#model.actionDim;
  }

  /** What holds from now on. @returns this. */
  with(correction: Correction): this {
    this.#correction = correction;
    return this;
  }

  score(latent: Float32Array, state: Float32Array, actions: Float32Array, count: number, goal: Float32Array): Promise<RolloutScores> {
    return this.#model.score(latent, state, this.#movesOf(actions, count), count, goal);
  }

  async #propose(propose: NonNullable<PlannedModel["propose"]>, ...[latent, state, goal, committed, noise, count]: Parameters<NonNullable<PlannedModel["propose"]>>): Promise<Float32Array> {
    const { horizon, actionDim } = this.#model;
    const decided = new Float32Array(committed.length);
    movesOf(committed, decided, this.#correction, { count: 1, horizon: committed.length / actionDim, actionDim });
    const moves = await propose(latent, state, goal, decided, noise, count);
    if (this.#commands.length < moves.length) this.#commands = new Float32Array(moves.length);
    const commands = this.#commands.subarray(0, moves.length);
    commands.set(moves);
    commandsOf(commands, this.#correction, { count, horizon, actionDim });
    return commands;
  }

  #movesOf(actions: Float32Array, count: number): Float32Array {
    const { horizon, actionDim } = this.#model;
    const size = count * horizon * actionDim;
    if (this.#moves.length < size) this.#moves = new Float32Array(size);
    const moves = this.#moves.subarray(0, size);
    movesOf(actions, moves, this.#correction, { count, horizon, actionDim });
    return moves;
  }
}
