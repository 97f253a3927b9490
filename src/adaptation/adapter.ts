import type { AdaptedAxis } from "./adapted-axes.js";
import type { Correction } from "./correction.js";
import { type LeastSquaresState, RecursiveLeastSquares } from "./recursive-least-squares.js";

/** How far a robot may differ from its model and still be corrected. Beyond these it is another robot: that is for people to see. */
export interface AdaptationBounds {
  /** Share of an action that is made. Default 0.7 to 1.4. */
  readonly gain: readonly [low: number, high: number];
  /** Share of a move that goes on in the next period. Default -0.3 to 0.5. */
  readonly carry: readonly [low: number, high: number];
  /** What the tool moves by itself in a period, m either way. Default 0.005. */
  readonly biasM: number;
  /** How far places are seen from where they are, m either way. Default 0.05. */
  readonly offsetM: number;
}

export const ADAPTATION_BOUNDS: AdaptationBounds = { gain: [0.7, 1.4], carry: [-0.3, 0.5], biasM: 0.005, offsetM: 0.05 };

/** What is corrected of an axis now. */
export interface AxisEstimate {
  readonly name: string;
  readonly gain: number;
  readonly carry: number;
  readonly biasM: number;
  readonly offsetM: number;
}

/** All that an Adapter has learned, as plain data. */
export interface SavedAdaptation {
  /** Steps that were learned from. */
  readonly steps: number;
  readonly axes: readonly { readonly name: string; readonly motion: LeastSquaresState; readonly offset: LeastSquaresState }[];
}

/** What was seen when a plan was asked for. */
export interface SeenStep {
  readonly latent: Float32Array;
  readonly state: Float32Array;
  /** What this latent should have been by the uncorrected model, where it is known. */
  readonly predicted?: Float32Array;
}

export interface AdapterOptions {
  readonly bounds?: Partial<AdaptationBounds>;
  /** What is corrected: how the arm moves, and where the camera sees things. Default: both. */
  readonly corrects?: { readonly motion: boolean; readonly places: boolean };
}

/** A step that was asked about, until it is known what came of it. */
interface Asked {
  readonly step: number;
  readonly state: Float32Array;
  /** The action that is executed from here on; undefined when nothing can be learned of it. */
  action: Float32Array | undefined;
  /** By axis, m; undefined where the step before is not known. */
  readonly beforeM: readonly number[] | undefined;
  /** The latent, once it is known. */
  latent?: Float32Array;
}

interface LearnedAxis {
  readonly axis: AdaptedAxis;
  /** Of gain - 1, carry, bias: error of a prediction from action, move before, 1. */
  readonly motion: RecursiveLeastSquares;
  /** Of the offset, and how it goes with the move before: pictures are older than joint states. */
  readonly offset: RecursiveLeastSquares;
}

/** Steps of which it is remembered what was asked: answers come one or two steps later. */
const REMEMBERED_STEPS = 4;
/** A prediction that is wrong by more (m) is of something else: a hand in front of the camera, a table in the way. */
const MOST_ERROR_M = 0.03;
/** A move that was cut by so much (m) at the border of the workspace says nothing of the arm. */
const CUT_M = 0.001;
/** About so many steps count: the arm's own answer changes with what it carries, where it is seen with where it is. */
const MOTION_FORGETTING = 0.98;
const OFFSET_FORGETTING = 0.95;
/** How far a robot is expected to differ before anything is known. */
const PRIOR = { gain: 0.2, carry: 0.2, biasM: 0.002, offsetM: 0.02, lag: 0.3 };

/**
 * Learns, while the robot works, how it differs from what its model was trained on, and says how plans are to be corrected: a residual by recursive least
 * squares on the model's one-step errors, linear in action, move before, and 1.
 *
 * It takes part in no decision to stop: what is a surprise is judged by uncorrected numbers, and an alarm is a reset() here.
 */
export class Adapter {
  readonly #axes: readonly LearnedAxis[];
  readonly #latentDim: number;
  readonly #bounds: AdaptationBounds;
  readonly #corrects: NonNullable<AdapterOptions["corrects"]>;
  #asked: Asked[] = [];
  #steps = 0;

  /** @param axes of `adaptedAxes`. @throws RangeError when there are none, or bounds that exclude a robot that is as trained. */
  constructor(axes: readonly AdaptedAxis[], latentDim: number, { bounds, corrects = { motion: true, places: true } }: AdapterOptions = {}) {
    if (axes.length === 0) throw new RangeError("nothing can be corrected: the bundle does not say which numbers of latent, state and action are the tool's place");
    const b = { ...ADAPTATION_BOUNDS, ...bounds };
    if (!(b.gain[0] > 0)) throw new RangeError(`gain is bounded by ${b.gain.join(" and ")}: the lower must be above 0`);
    this.#bounds = b;
    this.#latentDim = latentDim;
    this.#corrects = corrects;
    this.#axes = axes.map((axis) => ({
      axis,
      motion: new RecursiveLeastSquares({
        priorStd: [PRIOR.gain, PRIOR.carry, PRIOR.biasM], low: [b.gain[0] - 1, b.carry[0], -b.biasM], high: [b.gain[1] - 1, b.carry[1], b.biasM],
        noiseStd: axis.stepStdM, forgetting: MOTION_FORGETTING,
      }),
      offset: new RecursiveLeastSquares({
        priorStd: [PRIOR.offsetM, PRIOR.lag], low: [-b.offsetM, -1], high: [b.offsetM, 1], noiseStd: axis.seenStdM, forgetting: OFFSET_FORGETTING,
      }),
    }));
  }

  /** Steps that were learned from since the last reset. */
  get steps(): number {
    return this.#steps;
  }

  /** What is corrected now: what is sure of the estimates, within the bounds. */
  get estimates(): AxisEstimate[] {
    const { motion: moves, places } = this.#corrects;
    return this.#axes.map(({ axis: { name }, motion, offset }) => ({
      name,
      gain: moves ? 1 + motion.sure(0) : 1,
      carry: moves ? motion.sure(1) : 0,
      biasM: moves ? motion.sure(2) : 0,
      offsetM: places ? offset.sure(0) : 0,
    }));
  }

  /**
   * A plan is asked for.
   *
   * @param step counts actions: consecutive steps have one between them. @param state proprioception now.
   * @param action what is executed from now on, where it can be learned from: undefined for a rest, and while something slows the arm.
   * @param goalMoved whether the goal's picture was taken by the camera as it stands now: then it is displaced as this one is.
   */
  ask(step: number, state: Float32Array, action: Float32Array | undefined, goalMoved: boolean): Correction {
    const before = this.#asked.find((asked) => asked.step === step - 1);
    const beforeM = before === undefined ? undefined : this.#axes.map(({ axis }) => state[axis.state]! - before.state[axis.state]!);
    this.#asked = [...this.#asked.filter((asked) => asked.step > step - REMEMBERED_STEPS && asked.step < step), { step, state, action, beforeM }];
    const latentShift = new Float32Array(this.#latentDim);
    const axes = this.estimates.map(({ gain, carry, biasM, offsetM }, i) => {
      const { axis } = this.#axes[i]!;
      for (const { latent, scaleM } of axis.places) latentShift[latent] = -offsetM / scaleM;
      return { action: axis.action, gain, carry, biasM, beforeM: beforeM?.[i] ?? 0 };
    });
    return { axes, latentShift, goalShift: goalMoved ? latentShift : new Float32Array(this.#latentDim) };
  }

  /** The newest action is not executed as it was sent: something slowed it, or stopped the arm. */
  disturbed(): void {
    const last = this.#asked.at(-1);
    if (last !== undefined) last.action = undefined;
  }

  /** The plan of a step is there, and with it what its picture says. */
  see(step: number, { latent, state, predicted }: SeenStep): void {
    const now = this.#asked.find((asked) => asked.step === step);
    if (now === undefined || now.latent !== undefined) return;
    now.latent = latent;
    const before = this.#asked.find((asked) => asked.step === step - 1);
    let learned = false;
    for (const [i, { axis, motion, offset }] of this.#axes.entries()) {
      const seenM = axis.meanM + axis.scaleM * latent[axis.latent]!;
      const offM = seenM - state[axis.state]! - axis.usualM;
      if (Math.abs(offM) <= this.#bounds.offsetM + MOST_ERROR_M) {
        offset.update([1, now.beforeM?.[i] ?? 0], offM);
        learned = true;
      }
      if (predicted === undefined || before?.action === undefined || before.latent === undefined) continue;
      const action = before.action[axis.action]!;
      const promisedM = axis.scaleM * (predicted[axis.latent]! - before.latent[axis.latent]!);
      const errorM = axis.scaleM * (latent[axis.latent]! - predicted[axis.latent]!);
      if (Math.abs(promisedM - action) > CUT_M || Math.abs(errorM) > MOST_ERROR_M) continue;
      motion.update([action, before.beforeM?.[i] ?? 0, 1], errorM);
      learned = true;
    }
    if (learned) this.#steps++;
  }

  /** Nothing is between the steps before and those after: the arm was stopped, or moved by hand. What was learned stays. */
  interrupt(): void {
    this.#asked = [];
  }

  /** Forgets everything. */
  reset(): void {
    this.interrupt();
    this.#steps = 0;
    for (const { motion, offset } of this.#axes) {
      motion.reset();
      offset.reset();
    }
  }

  save(): SavedAdaptation {
    return { steps: this.#steps, axes: this.#axes.map(({ axis: { name }, motion, offset }) => ({ name, motion: motion.save(), offset: offset.save() })) };
  }

  /** Goes on from what was saved. @throws RangeError when it is of other axes, or unsound; then nothing is known. */
  restore({ steps, axes }: SavedAdaptation): void {
    this.reset();
    const names = this.#axes.map(({ axis }) => axis.name).join(",");
    const given = axes.map(({ name }) => name).join(",");
    if (given !== names) throw new RangeError(`what was learned is of the axes ${given}, the bundle's are ${names}`);
    try {
      axes.forEach((saved, i) => {
        this.#axes[i]!.motion.restore(saved.motion);
        this.#axes[i]!.offset.restore(saved.offset);
      });
    } catch (error) {
      this.reset();
      throw error;
    }
    this.#steps = steps;
  }
}
