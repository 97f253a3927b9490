import type { RgbImage } from "../camera/types.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult, ScoreRequest } from "../control/planning-service.js";

/** Who looks on. */
export interface PlanObserver {
  /** How many candidates to ask for with the next plan; 0: none. */
  wantsCandidates(): number;
  /** Whether to ask where the next plan ends. */
  wantsEnd(): boolean;
  onPlan(result: PlanResult, request: PlanRequest): void;
}

/** A planning service whose plans are also shown to somebody. */
export class ObservedPlanning implements PlanningService {
  readonly #inner: PlanningService;
  readonly #observer: PlanObserver;

  constructor(inner: PlanningService, observer: PlanObserver) {
    this.#inner = inner;
    this.#observer = observer;
  }

  get model(): ModelShape {
    return this.#inner.model;
  }

  encode(image: RgbImage): Promise<Float32Array> {
    return this.#inner.encode(image);
  }

  async look(image: RgbImage): Promise<Looked> {
    return this.#inner.look === undefined ? { latent: await this.#inner.encode(image) } : this.#inner.look(image);
  }

  async plan(request: PlanRequest): Promise<PlanResult> {
    const show = this.#observer.wantsCandidates();
    const result = await this.#inner.plan({ ...request, ...(show > 0 ? { show } : {}), ...(this.#observer.wantsEnd() ? { wantEnd: true } : {}) });
    this.#observer.onPlan(result, request);
    return result;
  }

  score(request: ScoreRequest): Promise<Float32Array> {
    if (this.#inner.score === undefined) throw new Error("This planning service scores no sequences.");
    return this.#inner.score(request);
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
}
