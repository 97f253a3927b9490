import type { RgbImage } from "../camera/types.js";
import type { ModelShape, PlanningService, PlanRequest, PlanResult, ScoreRequest } from "./planning-service.js";

/** What a way to a place is made of. */
export interface VisitedSpace {
  readonly actionNames: readonly string[];
  /** Largest step of an action, [actionDim]. */
  readonly high: readonly number[];
  readonly stateNames: readonly string[];
}

/** A place to bring the tool to, as a goal of the controller. */
export interface Visit {
  /** Stands for the place: plans for this array, and for no other with the same numbers, lead there. */
  readonly latent: Float32Array;
}

/** Share of the largest step that is taken: who calibrates stands beside the robot. */
const SPEED = 0.5;

/**
 * A planning service that can also go straight to places of the tool, without the model: its plans for a visit are lines. Everything else of the
 * controller stays as it is, so that a visit is watched, limited and held as any other motion. All other goals are the inner service's.
 */
export class VisitPlanning implements PlanningService {
  readonly #inner: PlanningService;
  readonly #space: VisitedSpace;
  readonly #axes: readonly { readonly action: number; readonly state: number; readonly most: number }[];
  readonly #places = new WeakMap<Float32Array, readonly number[]>();
  readonly look: NonNullable<PlanningService["look"]>;
  readonly score?: NonNullable<PlanningService["score"]>;

  constructor(inner: PlanningService, space: VisitedSpace) {
    this.#inner = inner;
    this.#space = space;
    const { actionNames, high, stateNames } = space;
    this.#axes = ["x", "y", "z"].map((axis) => {
      const action = actionNames.indexOf(`d${axis}`);
      return { action, state: stateNames.indexOf(`ee_${axis}`), most: SPEED * (high[action] ?? 0) };
    });
    this.look = async (image) => inner.look === undefined ? { latent: await inner.encode(image) } : inner.look(image);
    if (inner.score !== undefined) this.score = (request: ScoreRequest) => inner.score!(request);
  }

  /** @param place x, y, z in the frame of the states, m. @throws Error when actions and states have no x, y and z of the tool. */
  visit(place: readonly number[]): Visit {
    if (this.#axes.some(({ action, state }) => action < 0 || state < 0)) {
      const { actionNames, stateNames } = this.#space;
      throw new Error(`actions ${actionNames.join(",")} with state ${stateNames.join(",")} cannot bring the tool to a place: dx, dy, dz and ee_x, ee_y, ee_z are needed`);
    }
    const latent = new Float32Array(this.#inner.model.latentDim);
    this.#places.set(latent, place);
    return { latent };
  }

  /** Whether an array stands for a place. */
  isVisit(latent: Float32Array): boolean {
    return this.#places.has(latent);
  }

  get model(): ModelShape {
    return this.#inner.model;
  }

  encode(image: RgbImage): Promise<Float32Array> {
    return this.#inner.encode(image);
  }

  plan(request: PlanRequest): Promise<PlanResult> {
    const place = this.#places.get(request.goal);
    return place === undefined ? this.#inner.plan(request) : Promise.resolve(this.#line(request, place));
  }

  recall(): void {
    this.#inner.recall?.();
  }

  reset(seed: number): void {
    this.#inner.reset(seed);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** The committed actions, then the line to the place; the energy is the distance, m. */
  #line({ state, committed, goal }: PlanRequest, place: readonly number[]): PlanResult {
    const { actionDim, horizon } = this.#inner.model;
    const actions = new Float32Array(horizon * actionDim);
    const stepEnergies = new Float32Array(horizon);
    actions.set(committed);
    const at = this.#axes.map(({ state: index }) => state[index]!);
    const distance = (): number => Math.hypot(...at.map((value, axis) => place[axis]! - value));
    const startEnergy = distance();
    for (let step = 0; step < horizon; step++) {
      const first = step * actionDim;
      if (first >= committed.length) {
        // What does not move the tool, such as the grip, stays as it was decided.
        if (step > 0) actions.copyWithin(first, first - actionDim, first);
        const share = Math.min(1, ...this.#axes.map(({ most }, axis) => most / Math.max(1e-9, Math.abs(place[axis]! - at[axis]!))));
        this.#axes.forEach(({ action }, axis) => { actions[first + action] = share * (place[axis]! - at[axis]!); });
      }
      this.#axes.forEach(({ action }, axis) => { at[axis]! += actions[first + action]!; });
      stepEnergies[step] = distance();
    }
    return {
      actions, stepEnergies, energy: stepEnergies[horizon - 1]!, startEnergy, iterations: 1, candidates: 1, ended: "iterations",
      encodeMs: 0, planMs: 0, latent: goal,
    };
  }
}
