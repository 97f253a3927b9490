import type { TaskGoal } from "../../sim/tasks.js";
import type { RgbImage } from "../camera/types.js";
import type { Chain, ChainFinder } from "../chain/chain-finder.js";
import type { WorldModel } from "../world-model/index.js";
import { ControllerDriver, type ControllerDriverOptions } from "./controller-driver.js";
import type { Driver } from "./driver.js";

/** Ways are looked for at most so often in an episode. */
const MOST_WAYS = 24;

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
 * A controller that goes for a far goal by sub-goals that experience has. The way is looked for thing by thing, and anew from where things are seen whenever a sub-goal ends with a thing elsewhere than it
 * should be, or none gets nearer any more: fingers close beside a cube, and what was to come after no longer makes sense.
 */
export class ChainDriver implements Driver {
  readonly #inner: ControllerDriver;
  readonly #options: ChainDriverOptions;
  readonly #goalLatent: Float32Array;
  #way: Way;
  #ways = 1;
  #number = 1;
  #retries = 0;
  #steps = 0;
  #innerSteps = 0;
  #goingBack = false;
  /** Sub-goals of the ways that were left. */
  #behind = 0;

  static async start(options: ChainDriverOptions, name: string, now: RgbImage): Promise<ChainDriver> {
    const goalLatent = await options.model.encode(options.goal.image);
    const way = await findWay(options, await options.model.encode(now), goalLatent);
    return new ChainDriver(options, goalLatent, way, await ControllerDriver.start(options.controller, name, way.links));
  }

  private constructor(options: ChainDriverOptions, goalLatent: Float32Array, way: Way, inner: ControllerDriver) {
    this.#options = options;
    this.#goalLatent = goalLatent;
    this.#way = way;
    this.#inner = inner;
  }

  get over(): boolean {
    return this.#inner.over;
  }

  get sentence(): string {
    return `${this.#inner.sentence}${this.#ways === 1 ? "" : ` The way was looked for ${this.#ways} times.`}`;
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
    return this.#behind + this.#way.links.length;
  }

  get subGoalsDone(): number {
    return this.#behind + this.#inner.subGoalsDone;
  }

  async period(image: RgbImage): Promise<void> {
    await this.#inner.period(image);
    const { steps, status: { state, subGoal, retries } } = this.#inner;
    this.#steps += steps - this.#innerSteps;
    this.#innerSteps = steps;
    if (this.#ways === MOST_WAYS || (state === "reached" && this.#way.complete)) return;
    const left = subGoal !== undefined && subGoal.number > this.#number ? this.#way.links[subGoal.number - 2] : undefined;
    const stuck = retries > this.#retries || this.#inner.over;
    if (subGoal !== undefined) this.#number = subGoal.number;
    this.#retries = retries;
    if (!stuck && left === undefined) return;
    const now = await this.#options.model.encode(image);
    if (stuck || this.#options.finder.isElsewhere(now, left!.latent)) await this.#goAnotherWay(now, stuck && state !== "reached");
  }

  cycle(): void {
    this.#inner.cycle();
  }

  stop(): void {
    this.#inner.stop();
  }

  /** @param stuck whether nothing got nearer any more: the hand gets out of the way first. */
  async #goAnotherWay(now: Float32Array, stuck: boolean): Promise<void> {
    this.#ways++;
    this.#behind += this.#inner.subGoalsDone;
    const back = stuck && !this.#goingBack ? this.#options.finder.retreat(now, this.#goalLatent) : undefined;
    this.#goingBack = back !== undefined;
    this.#way = back === undefined ? await findWay(this.#options, now, this.#goalLatent) : { links: [back], complete: false };
    this.#number = 1;
    this.#retries = 0;
    this.#innerSteps = 0;
    await this.#inner.go(this.#way.links);
  }
}

/** Sub-goals from a latent to where the next thing is in the goal's; where experience knows no way, the goal alone. */
async function findWay({ finder, goal }: ChainDriverOptions, now: Float32Array, goalLatent: Float32Array): Promise<Way> {
  return await finder.find(now, goalLatent, 1)
    ?? { links: [{ name: goal.name, latent: goalLatent, source: undefined, energy: Number.NaN, passed: false, reachedBelow: undefined }], complete: true };
}
