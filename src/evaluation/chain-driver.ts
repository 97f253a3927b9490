import type { TaskGoal } from "../../sim/tasks.js";
import type { RgbImage } from "../camera/types.js";
import { type Chain, type ChainFinder, type ChainLink, unlivedLink } from "../chain/chain-finder.js";
import { Pursuit, whyLeft, type Why } from "../chain/pursuit.js";
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
  readonly #pursuit: Pursuit;
  readonly #watch: WayWatch<ChainLink>;
  /** Whether the present way leads to the goal. */
  #complete: boolean;
  #steps = 0;
  #innerSteps = 0;
  /** Sub-goals of the ways that were left. */
  #behind = 0;

  static async start(options: ChainDriverOptions, name: string, now: RgbImage): Promise<ChainDriver> {
    const pursuit = new Pursuit(options.finder, Float32Array.from(await options.model.encode(options.goal.image)));
    const way = (await pursuit.next(await options.model.encode(now), "begin")) ?? goalAlone(options.goal, pursuit.goal);
    return new ChainDriver(options, pursuit, way, await ControllerDriver.start(options.controller, name, way.links));
  }

  private constructor(options: ChainDriverOptions, pursuit: Pursuit, way: Way, inner: ControllerDriver) {
    this.#options = options;
    this.#pursuit = pursuit;
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
    const doubt = this.#watch.period(subGoal?.number, retries, this.#inner.over);
    if (doubt === undefined) return;
    const now = await this.#options.model.encode(image);
    if (doubt.kind === "stuck") await this.#goAnotherWay(now, state === "reached" ? "done" : "stuck");
    else if (this.#options.finder.isElsewhere(now, doubt.subGoal)) await this.#goAnotherWay(now, whyLeft(doubt.subGoal));
  }

  cycle(): void {
    this.#inner.cycle();
  }

  stop(): void {
    this.#inner.stop();
  }

  async #goAnotherWay(now: Float32Array, why: Why): Promise<void> {
    this.#behind += this.#inner.subGoalsDone;
    const way = (await this.#pursuit.next(now, why)) ?? goalAlone(this.#options.goal, this.#pursuit.goal);
    this.#watch.begin(way.links);
    this.#complete = way.complete;
    this.#innerSteps = 0;
    await this.#inner.go(way.links);
  }
}

/** Where experience knows no way, the goal is gone for as it is. */
function goalAlone({ name }: TaskGoal, latent: Float32Array): Way {
  return { links: [unlivedLink({ name, latent, passed: false })], complete: true };
}
