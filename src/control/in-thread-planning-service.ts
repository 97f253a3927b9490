import type { RgbImage } from "../camera/types.js";
import type { ActionBounds, Planner } from "../planner/types.js";
import { unlikeness } from "../surprise/unlikeness.js";
import { proposer } from "../world-model/proposer.js";
import type { WorldModel } from "../world-model/types.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult } from "./planning-service.js";

/** What an InThreadPlanningService is made of. */
export interface InThreadPlanningOptions {
  readonly model: WorldModel;
  readonly planner: Planner;
  /** The box of one action, as the manifest has it. */
  readonly bounds: ActionBounds;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** A world model and a planner in the thread of the caller: for evaluation, for tests, and inside the planning worker. */
export class InThreadPlanningService implements PlanningService {
  readonly #model: WorldModel;
  readonly #planner: Planner;
  readonly #bounds: ActionBounds;
  readonly #now: () => number;
  /** Settles when the last call has; never rejects. A planner refuses a second plan while one is running. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Where the last plan started and what was on its way then. */
  #before: { readonly latent: Float32Array; readonly state: Float32Array; readonly action: Float32Array } | undefined;

  constructor({ model, planner, bounds, now = () => performance.now() }: InThreadPlanningOptions) {
    this.#model = model;
    this.#planner = planner;
    this.#bounds = bounds;
    this.#now = now;
  }

  get model(): ModelShape {
    const { latentDim, stateDim, actionDim, horizon } = this.#model;
    return { latentDim, stateDim, actionDim, horizon };
  }

  encode(image: RgbImage): Promise<Float32Array> {
    return this.#enqueue(() => this.#model.encode(image));
  }

  look(image: RgbImage): Promise<Looked> {
    return this.#enqueue(() => this.#look(image));
  }

  plan(request: PlanRequest): Promise<PlanResult> {
    const arrivedMs = this.#now();
    return this.#enqueue(() => this.#plan(request, arrivedMs + request.deadlineMs));
  }

  reset(seed: number): void {
    void this.#enqueue(() => Promise.resolve(this.#planner.reset(seed)));
  }

  close(): Promise<void> {
    return this.#enqueue(() => this.#model.close());
  }

  async #plan(request: PlanRequest, deadlineMs: number): Promise<PlanResult> {
    const { state, goal, committed, shift, explorationScale } = request;
    const startMs = this.#now();
    const model = this.#model;
    const { latent, ...seen } = await this.#look(request.image);
    const predicted = await this.#predict(shift);
    this.#before = committed.length < model.actionDim ? undefined : { latent, state, action: committed.slice(0, model.actionDim) };
    const observed = { state, ...seen, ...(predicted === undefined ? {} : { predicted }) };
    const encodedMs = this.#now();
    if (shift > 0) this.#planner.shift(shift);
    let startEnergy = NaN;
    const plan = await this.#planner.plan({
      horizon: model.horizon,
      bounds: this.#bounds,
      explorationScale,
      ...(committed.length > 0 ? { committed } : {}),
      ...proposer(model, { latent, state, goal, committed }),
      score: async (actions, count) => {
        const scores = await model.score(latent, state, actions, count, goal);
        startEnergy = scores.startEnergy;
        return scores.stepEnergies;
      },
    }, { deadlineMs, now: this.#now });
    return { ...plan, startEnergy, latent, observed, encodeMs: encodedMs - startMs, planMs: this.#now() - encodedMs };
  }

  async #look(image: RgbImage): Promise<Looked> {
    const model = this.#model;
    if (model.encodeWithFeatures === undefined) return { latent: await model.encode(image) };
    const { latent, features } = await model.encodeWithFeatures(image);
    return { latent, unlikeness: unlikeness(features) };
  }

  /** What the present latent should be. @param shift actions executed since the last plan: only for one is it known. */
  async #predict(shift: number): Promise<Float32Array | undefined> {
    const before = this.#before;
    if (shift !== 1 || before === undefined) return undefined;
    return this.#model.predict?.(before.latent, before.state, before.action);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
