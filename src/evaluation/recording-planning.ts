import type { RgbImage } from "../camera/types.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult } from "../control/planning-service.js";
import type { CalibrationRun, SurpriseObservation } from "../surprise/index.js";

/** Told of each plan before its answer is handed on. @param period plans before it. */
export type OnPlan = (request: PlanRequest, result: PlanResult, period: number) => Promise<void>;

/** A planning service that writes down what surprise is judged by. */
export class RecordingPlanning implements PlanningService {
  readonly #inner: PlanningService;
  readonly #onPlan: OnPlan | undefined;
  #plans = 0;
  #goals: number[] = [];
  #starts: number[] = [];
  #observations: SurpriseObservation[] = [];

  constructor(inner: PlanningService, onPlan?: OnPlan) {
    this.#inner = inner;
    this.#onPlan = onPlan;
  }

  /** What came since the last call. */
  take(): CalibrationRun {
    const run = { goals: this.#goals, starts: this.#starts, observations: this.#observations };
    this.#goals = [];
    this.#starts = [];
    this.#observations = [];
    return run;
  }

  get model(): ModelShape {
    return this.#inner.model;
  }

  encode(image: RgbImage): Promise<Float32Array> {
    return this.#inner.encode(image);
  }

  /** Only goals are looked at; pictures on the way are planned from. */
  async look(image: RgbImage): Promise<Looked> {
    const looked = this.#inner.look === undefined ? { latent: await this.#inner.encode(image) } : await this.#inner.look(image);
    if (looked.unlikeness !== undefined) this.#goals.push(looked.unlikeness);
    return looked;
  }

  async plan(request: PlanRequest): Promise<PlanResult> {
    const result = await this.#inner.plan(request);
    if (result.observed !== undefined && result.candidates > 0) this.#observations.push({ latent: result.latent, ...result.observed, energy: result.startEnergy });
    await this.#onPlan?.(request, result, this.#plans++);
    return result;
  }

  recall(): void {
    this.#inner.recall?.();
  }

  reset(seed: number): void {
    this.#starts.push(this.#observations.length);
    this.#inner.reset(seed);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
