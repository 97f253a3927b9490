import type { RgbImage } from "../../src/camera/types.js";
import { ScoreFailed } from "../../src/planner/index.js";
import { ModelUnavailable } from "../../src/world-model/index.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult } from "../../src/control/planning-service.js";

/** How the toy answers. */
export type ToyMood = "good" | "not_finite" | "no_energy" | "nothing_scored" | "rejects" | "unavailable" | "throws" | "never_improves" | "poisoned_energy";

/**
 * Plans on the positions of joints themselves: state and goal latent are positions [joints], an action is a change of
 * position a step, the energy is the squared distance. Answers at once, or when told if `manual`.
 */
export class ToyPlanning implements PlanningService {
  readonly model: ModelShape;
  readonly requests: PlanRequest[] = [];
  readonly seeds: number[] = [];
  mood: ToyMood = "good";
  manual = false;
  closed = false;
  /** How unlike those of training the pictures are said to be; undefined: nothing is said. */
  unlikeness: number | undefined;
  /** Sequences that the first plan after each reset() is said to have out of the memory; undefined: it has none to ask. */
  recalled: number | undefined;
  #cold = true;
  readonly #largestStep: number;
  readonly #held: (() => void)[] = [];

  constructor(joints: number, horizon = 4, largestStep = 0.05) {
    this.model = { latentDim: joints, stateDim: joints, actionDim: joints, horizon };
    this.#largestStep = largestStep;
  }

  /** The first bytes of the picture, in hundredths, as positions. */
  encode(image: RgbImage): Promise<Float32Array> {
    if (image.width === 0) return Promise.reject(new Error("an empty picture"));
    return Promise.resolve(Float32Array.from(image.data.subarray(0, this.model.latentDim), (byte) => byte / 100));
  }

  async look(image: RgbImage): Promise<Looked> {
    return { latent: await this.encode(image), ...(this.unlikeness === undefined ? {} : { unlikeness: this.unlikeness }) };
  }

  plan(request: PlanRequest): Promise<PlanResult> {
    this.requests.push(request);
    const { mood } = this;
    if (mood === "throws") throw new Error("the toy throws");
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        if (mood === "rejects") reject(new Error("the toy has a bad day"));
        else if (mood === "unavailable") reject(new ScoreFailed(undefined, new ModelUnavailable("the toy's server is away")));
        else resolve(this.#answer(request, mood));
      };
      if (this.manual) this.#held.push(answer);
      else answer();
    });
  }

  /** Gives the answers that were held back. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  reset(seed: number): void {
    this.seeds.push(seed);
    this.#cold = true;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #answer({ state, goal, committed }: PlanRequest, mood: ToyMood): PlanResult {
    const { actionDim, horizon } = this.model;
    const actions = new Float32Array(horizon * actionDim);
    actions.set(committed);
    const stepEnergies = new Float32Array(horizon);
    const position = Float64Array.from(state);
    const distance = (): number => position.reduce((sum, value, j) => sum + (goal[j]! - value) ** 2, 0);
    const startEnergy = distance();
    for (let h = 0; h < horizon; h++) {
      for (let j = 0; j < actionDim; j++) {
        const i = h * actionDim + j;
        if (i >= committed.length) actions[i] = Math.min(this.#largestStep, Math.max(-this.#largestStep, goal[j]! - position[j]!));
        position[j]! += actions[i]!;
      }
      stepEnergies[h] = distance();
    }
    if (mood === "not_finite") actions[actionDim] = NaN;
    const asked = this.#cold && this.recalled !== undefined;
    this.#cold = false;
    return {
      actions,
      stepEnergies,
      energy: mood === "no_energy" ? Infinity : stepEnergies[horizon - 1]!,
      startEnergy: mood === "nothing_scored" || mood === "poisoned_energy" ? NaN : mood === "never_improves" ? 1 : startEnergy,
      iterations: 1,
      candidates: mood === "nothing_scored" ? 0 : 1,
      ended: "iterations",
      encodeMs: 1,
      planMs: 2,
      latent: Float32Array.from(state),
      ...(asked ? { recalled: this.recalled! } : {}),
      ...(this.unlikeness === undefined ? {} : { observed: { state, unlikeness: this.unlikeness } }),
    };
  }
}
