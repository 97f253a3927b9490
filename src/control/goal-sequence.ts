import { GoalChecker, type GoalCheckerOptions } from "./goal-checker.js";

/** One picture to bring about, encoded. */
export interface SubGoal {
  readonly name: string;
  /** [latentDim] */
  readonly latent: Float32Array;
  /** Energy below which a picture looks like it. Default: the sequence's. */
  readonly reachedBelow?: number | undefined;
  /** Whether its picture was taken before the camera moved, see ControllerGoal. */
  readonly beforeCameraMoved?: boolean | undefined;
}

/** When an energy counts as falling, as low enough, and as stuck. Counted in pictures: while the robot holds, nothing can get better. */
export interface ProgressOptions {
  /** Share of its best by which the energy must fall, in (0, 1). */
  readonly fallShare: number;
  /** Pictures in a row without such a fall that are a plateau. */
  readonly plateauPictures: number;
  /** A plateau at or below this share of the sub-goal's first energy is as near as it gets; one above is a stall. */
  readonly settledShare: number;
  /** A low plateau of the last sub-goal has so many pictures to become "reached", then it is a stall, too. */
  readonly lastPlateauPictures: number;
}

export const DEFAULT_PROGRESS: ProgressOptions = { fallShare: 0.05, plateauPictures: 5, settledShare: 0.3, lastPlateauPictures: 30 };

export interface GoalSequenceOptions {
  /** Energy below which a picture looks like its goal, where the goal itself does not say. */
  readonly reachedBelow: number;
  /** Different pictures in a row that must. */
  readonly frames: number;
  /** A goal once reached counts as left above this energy. */
  readonly leftAbove: number;
  readonly progress: ProgressOptions;
}

/**
 * What an energy means for the sequence.
 *
 * - `reached`: the last sub-goal is.
 * - `next`: the present sub-goal is reached, or as near as it gets; the next one's turn.
 * - `improved`: the energy has fallen. `waiting`: it has not, but that is nothing yet.
 * - `stalled`: it does not fall any more and is far from the goal: look for another way.
 */
export type GoalVerdict = "reached" | "next" | "improved" | "waiting" | "stalled";

/** Sub-goals in order, and when it is the next one's turn: by the energies of pictures, never by counting steps. */
export class GoalSequence {
  readonly #goals: readonly SubGoal[];
  readonly #progress: ProgressOptions;
  readonly #reached: GoalCheckerOptions;
  #checker: GoalChecker;
  #index = 0;
  #startEnergy: number | undefined;
  #best = Infinity;
  #withoutFall = 0;
  #lastFrame = -1;

  /** @param goals at least one. */
  constructor(goals: readonly SubGoal[], { progress, ...reached }: GoalSequenceOptions) {
    this.#goals = goals;
    this.#progress = progress;
    this.#reached = reached;
    this.#checker = this.#checkerOfCurrent();
  }

  get current(): SubGoal {
    return this.#goals[this.#index]!;
  }

  /** Energy below which a picture looks like the present sub-goal. */
  get reachedBelow(): number {
    return this.current.reachedBelow ?? this.#reached.reachedBelow;
  }

  /** 1 is the first. */
  get number(): number {
    return this.#index + 1;
  }

  get count(): number {
    return this.#goals.length;
  }

  /** The first energy of the present sub-goal. */
  get startEnergy(): number | undefined {
    return this.#startEnergy;
  }

  /** Forgets what was seen on the way, for a new start towards the same sub-goal. */
  restart(): void {
    this.#best = Infinity;
    this.#withoutFall = 0;
    this.#lastFrame = -1;
    this.#checker.reset();
  }

  /** On to the next sub-goal. @throws RangeError after the last. */
  advance(): void {
    if (this.number === this.count) throw new RangeError(`There is no sub-goal after "${this.current.name}".`);
    this.#index++;
    this.#checker = this.#checkerOfCurrent();
    this.#startEnergy = undefined;
    this.restart();
  }

  /** Takes the energy of a picture. @param frame its number: one picture counts once, however often it was planned from. */
  judge(energy: number, frame: number): GoalVerdict {
    this.#startEnergy ??= energy;
    const last = this.number === this.count;
    if (this.#checker.reached(energy, frame)) return last ? "reached" : "next";
    if (this.#fell(energy, frame)) return "improved";
    const { plateauPictures, settledShare, lastPlateauPictures } = this.#progress;
    if (this.#withoutFall < plateauPictures) return "waiting";
    if (energy > settledShare * this.#startEnergy) return "stalled";
    if (!last) return "next";
    return this.#withoutFall < lastPlateauPictures ? "waiting" : "stalled";
  }

  /** Whether a goal that was reached was left again. */
  left(energy: number): boolean {
    return this.#checker.left(energy);
  }

  #checkerOfCurrent(): GoalChecker {
    return new GoalChecker({ ...this.#reached, reachedBelow: this.reachedBelow });
  }

  #fell(energy: number, frame: number): boolean {
    const first = this.#best === Infinity;
    const fell = energy <= this.#best * (1 - this.#progress.fallShare);
    if (first || fell) {
      this.#best = energy;
      this.#withoutFall = 0;
    } else if (frame !== this.#lastFrame) {
      this.#withoutFall++;
    }
    this.#lastFrame = frame;
    return fell && !first;
  }
}
