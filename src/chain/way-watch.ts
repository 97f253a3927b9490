/** Ways are looked for at most so often for one goal. */
export const MOST_WAYS = 36;

/** One sub-goal of a way. */
export interface WayPoint {
  readonly name: string;
  /** [latentDim] */
  readonly latent: Float32Array;
}

/** Why the way may have to be looked for anew: nothing gets nearer any more, or a sub-goal was left behind and things may lie elsewhere than it has them. */
export type Doubt<Point extends WayPoint> = { readonly kind: "stuck" } | { readonly kind: "left"; readonly subGoal: Point };

/**
 * Says when a way of sub-goals has to be looked for anew: whenever a sub-goal ends with a thing elsewhere than it should be, or none gets nearer any more. Fingers close beside a
 * cube, and what was to come after no longer makes sense.
 */
export class WayWatch<Point extends WayPoint> {
  #way: readonly Point[];
  #ways = 1;
  #number = 1;

  constructor(way: readonly Point[]) {
    this.#way = way;
  }

  get way(): readonly Point[] {
    return this.#way;
  }

  /** Ways that were looked for, this one too. */
  get ways(): number {
    return this.#ways;
  }

  /** Another way is gone from now on. */
  begin(way: readonly Point[]): void {
    this.#way = way;
    this.#ways++;
    this.#number = 1;
  }

  /**
   * Takes how far the robot is. @param number of the sub-goal that it goes for, 1 is the first; undefined where that is not known. @param stuck whether nothing gets nearer any more.
   * @returns undefined when the way is fine, or ways were looked for often enough.
   */
  doubt(number: number | undefined, stuck: boolean): Doubt<Point> | undefined {
    if (this.#ways === MOST_WAYS) return undefined;
    const subGoal = number !== undefined && number > this.#number ? this.#way[number - 2] : undefined;
    if (number !== undefined && number > 0) this.#number = number;
    return stuck ? { kind: "stuck" } : subGoal === undefined ? undefined : { kind: "left", subGoal };
  }
}
