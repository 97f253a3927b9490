import { type Objective, stepWeights, weightedEnergy } from "../objective.js";
import type { ObjectiveTerm, Rollouts, TermContext } from "./types.js";

/** What the search is for: the energies of a roll-out's steps, weighted and summed. A step energy that is not finite rules its candidate out. */
export class GoalEnergy implements ObjectiveTerm {
  readonly name = "goal_energy";
  readonly #objective: Objective;
  #weights: Float64Array = new Float64Array(0);
  #countedSteps = 0;

  constructor(objective: Objective) {
    this.#objective = objective;
  }

  /** Steps up to the last one that has a weight. */
  get countedSteps(): number {
    return this.#countedSteps;
  }

  /** @throws RangeError when the objective does not fit the horizon. */
  initialize({ horizon }: Pick<TermContext, "horizon">): void {
    this.#weights = stepWeights(this.#objective, horizon);
    this.#countedSteps = this.#weights.findLastIndex((weight) => weight > 0) + 1;
  }

  score({ count, horizon, stepEnergies }: Rollouts, costs: Float64Array): void {
    for (let c = 0; c < count; c++) costs[c] = weightedEnergy(stepEnergies, c * horizon, this.#weights);
  }
}
