import type { RgbImage } from "../camera/types.js";
import type { ActionBounds, Planner, TermSet } from "../planner/index.js";
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
  /** What is added to the goal energy. Default: nothing. */
  readonly terms?: TermSet;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** A world model and a planner in the thread of the caller: for evaluation, for tests, and inside the planning worker. */
export class InThreadPlanningService implements PlanningService {
  readonly #model: WorldModel;
  readonly #planner: Planner;
  readonly #bounds: ActionBounds;
  readonly #terms: TermSet | undefined;
  readonly #now: () => number;
  /** Settles when the last call has; never rejects. A planner refuses a second plan while one is running. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Where the last plan started and what was on its way then. */
  #before: { readonly latent: Float32Array; readonly state: Float32Array; readonly action: Float32Array } | undefined;

  /** @throws Error with one line when a term needs states that the model does not give. */
  constructor({ model, planner, bounds, terms, now = () => performance.now() }: InThreadPlanningOptions) {
    refuseBlindTerms(terms, model);
    this.#model = model;
    this.#planner = planner;
    this.#bounds = bounds;
    this.#terms = terms;
    this.#now = now;
  }

  get model(): ModelShape {
    const { latentDim, stateDim, actionDim, horizon } = this.#model;
    return { latentDim, stateDim, actionDim, horizon, givesStates: this.#model.scoreWithStates !== undefined };
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
    const terms = this.#beginTerms(request);
    let startEnergy = NaN;
    const plan = await this.#planner.plan({
      horizon: model.horizon,
      bounds: this.#bounds,
      explorationScale,
      ...(committed.length > 0 ? { committed } : {}),
      ...proposer(model, { latent, state, goal, committed }),
      ...(terms === undefined ? {} : { costs: terms }),
      score: async (actions, count) => {
        // States are only fetched where somebody looks at them.
        const scores = terms?.needingStates === undefined
          ? await model.score(latent, state, actions, count, goal) : await model.scoreWithStates!(latent, state, actions, count, goal);
        startEnergy = scores.startEnergy;
        return scores;
      },
    }, { deadlineMs, now: this.#now });
    return {
      ...plan, startEnergy, latent, observed, encodeMs: encodedMs - startMs, planMs: this.#now() - encodedMs,
      ...(terms === undefined ? {} : { terms: terms.statistics }),
    };
  }

  /** The terms, ready for a plan; undefined when none of them counts. */
  #beginTerms({ state, terms: asked }: PlanRequest): TermSet | undefined {
    const terms = this.#terms;
    if (terms === undefined) return undefined;
    terms.begin({ state, ...(asked?.joints === undefined ? {} : { joints: asked.joints }) }, asked?.weights);
    refuseBlindTerms(terms, this.#model);
    return terms.active ? terms : undefined;
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

function refuseBlindTerms(terms: TermSet | undefined, model: WorldModel): void {
  if (terms?.needingStates !== undefined && model.scoreWithStates === undefined) {
    throw new Error(`objective term ${terms.needingStates} needs predicted states, and the bundle's rollout.onnx has no output states: export the bundle again, or set the weight to 0`);
  }
}
