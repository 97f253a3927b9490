import type { TaskGoal } from "../../sim/tasks.js";
import type { RgbImage } from "../camera/types.js";
import type { Chain, ChainFinder } from "../chain/chain-finder.js";
import { WayWatch } from "../chain/way-watch.js";
import type { WorldModel } from "../world-model/index.js";
import { ControllerDriver, type ControllerDriverOptions } from "./controller-driver.js";
import type { Driver } from "./driver.js";

export interface ChainDriverOptions {
  readonly controller: ControllerDriverOptions;
  readonly finder: ChainFinder;
  /** Encodes pictures. */
  readonly model: WorldModel;
  /** The only picture that is given. */
  readonly goal: TaskGoal;
}

type Way = Pick<Chain, "links" | "complete">;

/**
 * A controller that goes for a far goal by sub-goals that experience has. The way is looked for thing by thing, and anew from where things are seen whenever the `WayWatch` doubts it.
 */
export class ChainDriver implements Driver {
  readonly #inner: ControllerDriver;
  readonly #options: ChainDriverOptions;
  readonly #goalLatent: Float32Array;
  readonly #watch: WayWatch;
  /** Whether the present way leads to the goal. */
  #complete: boolean;
  #retries = 0;
  #steps = 0;
  #innerSteps = 0;
  /** Sub-goals of the ways that were left. */
  #behind = 0;

  static async start(options: ChainDriverOptions, name: string, now: RgbImage): Promise<ChainDriver> {
    const goalLatent = await options.model.encode(options.goal.image);
    const way = await findWay(options, await options.model.encode(now), goalLatent, false);
    return new ChainDriver(options, goalLatent, way, await ControllerDriver.start(options.controller, name, way.links));
  }

  private constructor(options: ChainDriverOptions, goalLatent: Float32Array, way: Way, inner: ControllerDriver) {
    this.#options = options;
    this.#goalLatent = goalLatent;
    this.#watch = new WayWatch(way.links);
    this.#complete = way.complete;
    this.#inner = inner;
  }

  get over(): boolean {
    return this.#inner.over;
  }

  get sentence(): string {
    return `${this.#inner.sentence}${this.#watch.ways === 1 ? "" : ` The way was looked for ${this.#watch.ways} times.`}`;
  }

  get steps(): number {
    return this.#steps;
  }

  get energy(): number | undefined {
    return this.#inner.energy;
  }

  get planMs(): number | undefined {
    return this.#inner.planMs;
  }

  get subGoals(): number {
    return this.#behind + this.#watch.way.length;
  }

  get subGoalsDone(): number {
    return this.#behind + this.#inner.subGoalsDone;
  }

  async period(image: RgbImage): Promise<void> {
    await this.#inner.period(image);
    const { steps, status: { state, subGoal, retries } } = this.#inner;
    this.#steps += steps - this.#innerSteps;
    this.#innerSteps = steps;
    if (state === "reached" && this.#complete) return;
    const doubt = this.#watch.doubt(subGoal?.number, retries > this.#retries || this.#inner.over);
    this.#retries = retries;
    if (doubt === undefined) return;
    const now = await this.#options.model.encode(image);
    if (doubt.kind === "stuck" || this.#options.finder.isElsewhere(now, doubt.subGoal.latent)) await this.#goAnotherWay(now, doubt.kind === "stuck" && state !== "reached");
  }

  cycle(): void {
    this.#inner.cycle();
  }

  stop(): void {
    this.#inner.stop();
  }

  async #goAnotherWay(now: Float32Array, stuck: boolean): Promise<void> {
    this.#behind += this.#inner.subGoalsDone;
    const way = await findWay(this.#options, now, this.#goalLatent, stuck);
    this.#watch.begin(way.links);
    this.#complete = way.complete;
    this.#retries = 0;
    this.#innerSteps = 0;
    await this.#inner.go(way.links);
  }
}

/** Sub-goals from a latent to where the next thing is in the goal's; where experience knows no way, the goal alone. */
async function findWay({ finder, goal }: ChainDriverOptions, now: Float32Array, goalLatent: Float32Array, stuck: boolean): Promise<Way> {
  return await finder.next(now, goalLatent, stuck)
    ?? { links: [{ name: goal.name, latent: goalLatent, source: undefined, energy: Number.NaN, passed: false, reachedBelow: undefined }], complete: true };
}
