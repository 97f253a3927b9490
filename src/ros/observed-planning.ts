import type { RgbImage } from "../camera/types.js";
import type { Looked, ModelShape, PlanningService, PlanRequest, PlanResult } from "../control/planning-service.js";

/** A planning service whose plans are also shown to somebody. */
export class ObservedPlanning implements PlanningService {
  readonly #inner: PlanningService;
  readonly #onPlan: (result: PlanResult) => void;

  constructor(inner: PlanningService, onPlan: (result: PlanResult) => void) {
    this.#inner = inner;
    this.#onPlan = onPlan;
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
    const result = await this.#inner.plan(request);
    this.#onPlan(result);
    return result;
  }

  reset(seed: number): void {
    this.#inner.reset(seed);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
