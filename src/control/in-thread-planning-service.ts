import { shifted } from "../adaptation/index.js";
import type { RgbImage } from "../camera/types.js";
import type { ActionBounds, Planner, TermSet } from "../planner/index.js";
import { unlikeness } from "../surprise/unlikeness.js";
import { proposer } from "../world-model/proposer.js";
import type { WorldModel } from "../world-model/types.js";
import { BaseFrameCosts, type ModelTurn } from "./base-frame-costs.js";
import { CandidateSample } from "./candidate-sample.js";
import { CorrectedModel, type PlannedModel } from "./corrected-model.js";
import type { RememberedPlans } from "./remembered-plans.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult, ScoreRequest } from "./planning-service.js";

/** What an InThreadPlanningService is made of. */
export interface InThreadPlanningOptions {
  readonly model: WorldModel;
  readonly planner: Planner;
  /** The box of one action, as the manifest has it. */
  readonly bounds: ActionBounds;
  /** What is added to the goal energy. Default: nothing. */
  readonly terms?: TermSet;
  /** How the model's axes lie in the base frame, which is the terms'. Default: as they are. */
  readonly turn?: ModelTurn;
  /** What went well in like cases; asked when a search begins from nothing. Default: nothing is remembered. */
  readonly memory?: RememberedPlans;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** A world model and a planner in the thread of the caller: for evaluation, for tests, and inside the planning worker. */
export class InThreadPlanningService implements PlanningService {
  readonly #model: WorldModel;
  readonly #corrected: CorrectedModel;
  readonly #planner: Planner;
  readonly #bounds: ActionBounds;
  readonly #terms: TermSet | undefined;
  readonly #turn: ModelTurn | undefined;
  readonly #memory: RememberedPlans | undefined;
  readonly #now: () => number;
  /** Settles when the last call has; never rejects. A planner refuses a second plan while one is running. */
  #queue: Promise<unknown> = Promise.resolve();

  /** Whether the search has no plan of its own to go on from. */
  #cold = true;
  /** Where the last plan started and what was on its way then. */
  #before: { readonly latent: Float32Array; readonly state: Float32Array; readonly action: Float32Array } | undefined;

  /** @throws Error with one line when a term needs states that the model does not give. */
  constructor({ model, planner, bounds, terms, turn, memory, now = () => performance.now() }: InThreadPlanningOptions) {
    refuseBlindTerms(terms, model);
    this.#model = model;
    this.#corrected = new CorrectedModel(model);
    this.#planner = planner;
    this.#bounds = bounds;
    this.#terms = terms;
    this.#turn = turn;
    this.#memory = memory;
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

  score({ latent, state, actions, count, goal }: ScoreRequest): Promise<Float32Array> {
    // A copy: the model's array is the next call's.
    return this.#enqueue(async () => (await this.#model.score(latent, state, actions, count, goal)).stepEnergies.slice());
  }

  reset(seed: number): void {
    void this.#enqueue(() => {
      this.#cold = true;
      return Promise.resolve(this.#planner.reset(seed));
    });
  }

  recall(): void {
    const memory = this.#memory;
    if (memory !== undefined) void this.#enqueue(() => memory.update());
  }

  close(): Promise<void> {
    return this.#enqueue(() => this.#model.close());
  }

  async #plan(request: PlanRequest, deadlineMs: number): Promise<PlanResult> {
    const { state, committed, shift, explorationScale, correction, show = 0, wantEnd = false } = request;
    const startMs = this.#now();
    const model = this.#model;
    const planned: PlannedModel = correction === undefined ? model : this.#corrected.with(correction);
    const { latent, ...seen } = await this.#look(request.image);
    const predicted = await this.#predict(shift);
    this.#before = committed.length < model.actionDim ? undefined : { latent, state, action: committed.slice(0, model.actionDim) };
    const observed = { state, ...seen, ...(predicted === undefined ? {} : { predicted }) };
    const encodedMs = this.#now();
    // What is a surprise is judged by what was seen; only the plan is made from what is known of this robot.
    const from = correction === undefined ? latent : shifted(latent, correction.latentShift);
    const goal = correction === undefined ? request.goal : shifted(request.goal, correction.goalShift);
    if (shift > 0) this.#planner.shift(shift);
    const terms = this.#beginTerms(request);
    const sample = show > 0 ? new CandidateSample(show, model) : undefined;
    const scoreWithStates = terms?.needingStates !== undefined || sample !== undefined ? planned.scoreWithStates?.bind(planned) : undefined;
    const remembered = this.#cold ? await this.#memory?.near(from, goal) : undefined;
    this.#cold = false;
    let startEnergy = NaN;
    const plan = await this.#planner.plan({
      horizon: model.horizon,
      bounds: this.#bounds,
      explorationScale,
      ...(committed.length > 0 ? { committed } : {}),
      ...(remembered === undefined || remembered.length === 0 ? {} : { remembered }),
      ...proposer(planned, { latent: from, state, goal, committed }),
      ...(terms === undefined ? {} : { costs: this.#turn === undefined ? terms : new BaseFrameCosts(terms, this.#turn) }),
      ...(sample === undefined ? {} : { onJudged: (rollouts, energies) => { sample.take(rollouts, energies); } }),
      score: async (actions, count) => {
        // States are only fetched where somebody looks at them.
        const scores = await (scoreWithStates === undefined ? planned.score(from, state, actions, count, goal) : scoreWithStates(from, state, actions, count, goal));
        startEnergy = scores.startEnergy;
        return scores;
      },
    }, { deadlineMs, now: this.#now });
    const planMs = this.#now() - encodedMs;
    const end = wantEnd ? await planned.rollOut?.(from, state, plan.actions, 1) : undefined;
    return {
      ...plan, startEnergy, latent, observed, encodeMs: encodedMs - startMs, planMs,
      ...(remembered === undefined ? {} : { recalled: remembered.length / (model.horizon * model.actionDim) }),
      ...(terms === undefined ? {} : { terms: terms.statistics }),
      ...(sample === undefined ? {} : { shown: sample.shown(state, this.#turn) }),
      // A copy: the model's array is the next call's.
      ...(end === undefined ? {} : { endLatent: end.latents.slice() }),
    };
  }

  /** The terms, ready for a plan; undefined when none of them counts. */
  #beginTerms({ state, terms: asked }: PlanRequest): TermSet | undefined {
    const terms = this.#terms;
    if (terms === undefined) return undefined;
    terms.begin({ state: this.#turn?.states.toBase(state) ?? state, ...(asked?.joints === undefined ? {} : { joints: asked.joints }) }, asked?.weights);
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
