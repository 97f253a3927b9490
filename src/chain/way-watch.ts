/** Ways are looked for at most so often for one goal. */
export const MOST_WAYS = 36;

/** Nothing gets nearer any more when the planner began anew so many times on the way to one sub-goal, or so many periods went by. */
const STUCK_AFTER = 2;
const STUCK_AFTER_PERIODS = 40;

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
  /** Of the sub-goal that is gone for: periods, and how often the planner began anew, in all and by the controller's count. */
  #periods = 0;
  #restarts = 0;
  #retries = 0;

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
    this.#beginSubGoal(1);
    this.#retries = 0;
  }

  /**
   * For who looks on period by period: as doubt(), with what is stuck counted here. Whoever goes to and fro begins anew time after time, and every time the energy has fallen a little the
   * controller forgives it.
   * @param retries as the controller counts them. @param over whether it has given up.
   */
  period(number: number | undefined, retries: number, over: boolean): Doubt<Point> | undefined {
    const before = this.#number;
    const left = this.doubt(number, false);
    if (this.#number !== before) this.#beginSubGoal(this.#number);
    if (retries > this.#retries) this.#restarts++;
    this.#retries = retries;
    this.#periods++;
    const stuck = this.#restarts >= STUCK_AFTER || this.#periods > STUCK_AFTER_PERIODS || over;
    return stuck ? this.doubt(undefined, true) : left;
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

  #beginSubGoal(number: number): void {
    this.#number = number;
    this.#periods = 0;
    this.#restarts = 0;
  }
}
