import type { SurpriseObservation } from "./observation.js";
import { Persistence } from "./persistence.js";
import { type Detector, DETECTORS, type SurpriseReference } from "./reference.js";
import { type SurpriseScores, surpriseScores } from "./scores.js";

export type SurpriseReason = "prediction_surprise" | "unfamiliar_scene" | "energy_rising";

/** `score` and `threshold` are those of the detector that speaks. */
export type SurpriseVerdict =
  | { readonly alarm: false }
  | {
    readonly alarm: true;
    readonly detector: Detector;
    readonly reason: SurpriseReason;
    readonly sentence: string;
    readonly score: number;
    readonly threshold: number;
    /** Whether it is the first of this alarm. */
    readonly began: boolean;
  };

export interface SurpriseMonitorOptions {
  /** Multiplies all thresholds. Default 1, at which the stated false-alarm rate holds. */
  readonly factor?: number;
  /** Pictures in a row that an alarm takes. Default: each detector's own, at which the stated false-alarm rate holds. */
  readonly frames?: number;
}

/** Pictures in a row without surprise that end an alarm. */
const CALM_FRAMES = 2;

const REASONS: Readonly<Record<Detector, SurpriseReason>> = {
  prediction: "prediction_surprise", arm: "unfamiliar_scene", picture: "unfamiliar_scene", energy: "energy_rising",
};

const SENTENCES: Readonly<Record<Detector, string>> = {
  prediction: "the picture is not what the last action should have led to",
  arm: "the picture shows the arm elsewhere than the joints say; is the lens covered, or has the camera moved?",
  picture: "the picture is unlike those of training; is the lens covered, something in view, or the camera moved?",
  energy: "the energy rises: the robot gets away from the goal",
};

/**
 * Says of each picture whether what is seen can still be trusted. An alarm takes some pictures in a row above a threshold, and ends by itself
 * when some in a row are normal again.
 */
export class SurpriseMonitor {
  readonly #reference: SurpriseReference;
  readonly #factor: number;
  readonly #above: Readonly<Record<Detector, Persistence>>;
  readonly #calm = new Persistence(CALM_FRAMES);
  #lowestEnergy: number | undefined;
  #lastFrame = -1;
  #verdict: SurpriseVerdict = { alarm: false };
  #shares: SurpriseScores = {};

  /** @throws RangeError when factor or frames are none. */
  constructor(reference: SurpriseReference, { factor = 1, frames }: SurpriseMonitorOptions = {}) {
    if (!(factor > 0)) throw new RangeError(`factor is ${factor}: must be above 0`);
    if (frames !== undefined && !(Number.isInteger(frames) && frames > 0)) throw new RangeError(`frames is ${frames}: must be a positive whole number`);
    this.#reference = reference;
    this.#factor = factor;
    const counter = (detector: Detector): Persistence => new Persistence(frames ?? reference[detector]?.frames ?? 1);
    this.#above = { prediction: counter("prediction"), arm: counter("arm"), picture: counter("picture"), energy: counter("energy") };
  }

  /** Scores of the newest picture, each as a share of its threshold. */
  get shares(): SurpriseScores {
    return this.#shares;
  }

  /** A new goal or a new start: energies before it do not count any more. An alarm goes on. */
  restart(): void {
    this.#lowestEnergy = undefined;
    this.#above.energy.reset();
  }

  /** @param frame number of the picture: one picture counts once, however often it was planned from. */
  judge(observation: SurpriseObservation, frame: number): SurpriseVerdict {
    if (frame === this.#lastFrame) return this.#verdict.alarm ? { ...this.#verdict, began: false } : this.#verdict;
    this.#lastFrame = frame;
    const scores = surpriseScores(this.#reference, observation, this.#lowestEnergy);
    this.#shares = this.#asShares(scores);
    const worst = this.#worst();
    const surprising = DETECTORS.filter((detector) => this.#above[detector].above((this.#shares[detector] ?? 0) > 1));
    const normal = !((this.#shares[worst] ?? 0) > 1);
    const calm = this.#calm.above(normal);
    // A picture that cannot be trusted has no energy to compare with.
    if (normal && observation.energy !== undefined) this.#lowestEnergy = Math.min(this.#lowestEnergy ?? Infinity, observation.energy);
    const began = !this.#verdict.alarm;
    if (surprising.length > 0) this.#verdict = this.#alarm(surprising.includes(worst) ? worst : surprising[0]!, scores, began);
    else if (this.#verdict.alarm) this.#verdict = calm ? { alarm: false } : { ...this.#verdict, began: false };
    return this.#verdict;
  }

  /** Why a picture is no goal, in one sentence, or undefined when it may be one. */
  refuseGoal(name: string, unlikeness: number | undefined): string | undefined {
    const limit = this.#reference.goal;
    if (limit === undefined || unlikeness === undefined) return undefined;
    const threshold = this.#factor * limit.threshold;
    if (unlikeness <= threshold) return undefined;
    return `The goal picture "${name}" is unlike those of training (${(unlikeness / threshold).toFixed(1)} times the threshold): take it with this camera in this place, or raise surprise.factor.`;
  }

  #asShares(scores: SurpriseScores): SurpriseScores {
    return Object.fromEntries(DETECTORS.flatMap((detector): [Detector, number][] => {
      const score = scores[detector];
      const share = score === undefined ? undefined : score / (this.#factor * this.#reference[detector]!.threshold);
      // What is not a number is the greatest surprise.
      return share === undefined ? [] : [[detector, Number.isNaN(share) ? Infinity : share]];
    }));
  }

  #worst(): Detector {
    return DETECTORS.reduce((worst, detector) => ((this.#shares[detector] ?? 0) > (this.#shares[worst] ?? 0) ? detector : worst));
  }

  #alarm(detector: Detector, scores: SurpriseScores, began: boolean): SurpriseVerdict {
    const score = scores[detector]!;
    const threshold = this.#factor * this.#reference[detector]!.threshold;
    const sentence = `${SENTENCES[detector]} (${(score / threshold).toFixed(1)} times the threshold)`;
    return { alarm: true, detector, reason: REASONS[detector], sentence, score, threshold, began };
  }
}
