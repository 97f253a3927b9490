import type { PlanRequest } from "../../src/control/planning-service.js";
import { SurpriseMonitor, type SurpriseObservation, type SurpriseReference, unlikeness } from "../../src/surprise/index.js";
import type { OnnxWorldModel } from "../../src/world-model/index.js";
import type { Picture } from "./pictures.js";

export interface ShadowOptions {
  readonly name: string;
  /** What it sees instead of a picture. @param k pictures since the disturbance began. */
  readonly show: (picture: Picture, k: number) => Picture;
  readonly model: OnnxWorldModel;
  readonly reference: SurpriseReference;
  /** What was seen undisturbed before. */
  readonly before: SurpriseObservation | undefined;
}

/** A monitor beside the controller's, looking at disturbed pictures of the same moments. */
export class Shadow {
  readonly name: string;
  readonly #options: ShadowOptions;
  readonly #monitor: SurpriseMonitor;
  #before: Pick<SurpriseObservation, "latent" | "state"> | undefined;
  #found: { readonly k: number; readonly detector: string } | undefined;

  constructor(options: ShadowOptions) {
    this.name = options.name;
    this.#options = options;
    this.#monitor = new SurpriseMonitor(options.reference);
    this.#before = options.before;
    // A number that no disturbed picture has.
    if (options.before !== undefined) this.#monitor.judge(options.before, -2);
  }

  /** The number of pictures that it took to find the disturbance, and what found it. */
  get found(): { readonly k: number; readonly detector: string } | undefined {
    return this.#found;
  }

  /** A new sub-goal. */
  restart(): void {
    this.#monitor.restart();
  }

  /**
   * Judges this moment; a disturbance that was found once is done with.
   *
   * @param k pictures since it began. @param executed the action between the last picture and this one.
   */
  async look({ image, state, goal, shift }: Pick<PlanRequest, "image" | "state" | "goal" | "shift">, k: number, executed: Float32Array | undefined): Promise<void> {
    if (this.#found !== undefined) return;
    const { model, show } = this.#options;
    const { latent, features } = await model.encodeWithFeatures!(show(image, k));
    const before = this.#before;
    const predicted = shift === 1 && before !== undefined && executed !== undefined
      ? await model.predict!(before.latent, before.state, executed.subarray(0, model.actionDim)) : undefined;
    this.#before = { latent, state };
    const { startEnergy } = await model.score(latent, state, new Float32Array(model.horizon * model.actionDim), 1, goal);
    const verdict = this.#monitor.judge({ latent, state, unlikeness: unlikeness(features), energy: startEnergy, ...(predicted === undefined ? {} : { predicted }) }, k);
    if (verdict.alarm) this.#found = { k: k + 1, detector: verdict.detector };
  }
}
