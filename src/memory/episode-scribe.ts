import type { ControllerStatus } from "../control/status.js";
import type { TakenGoal, Witness, WitnessedPlan } from "../control/witness.js";
import { episodeId } from "./episode-id.js";

import type { EpisodeHeader, EpisodeOutcome } from "./episode.js";
import type { EpisodeSink } from "./episode-sink.js";

/** What all episodes of a controller have in common. */
export type EpisodeAbout = Pick<EpisodeHeader, "source" | "bundle" | "calibration" | "periodS" | "actionNames" | "stateNames" | "jointNames">;

export interface EpisodeScribeOptions {
  readonly about: EpisodeAbout;
  readonly sink: EpisodeSink;
  /** The controller's, s. */
  readonly clock: () => number;
  /** Goals that are no experience, such as the moves of a calibration. Default: none. */
  readonly ignores?: (goal: TakenGoal) => boolean;
}

/** An episode that is under way. */
interface Open {
  readonly startS: number;
  steps: number;
  /** What was said last, without what changes at every step. */
  said: string;
}

/**
 * Makes episodes of what a controller does and says: one begins when a goal is taken, and ends when it is reached, given up, stopped,
 * taken away or replaced. A goal that is kept after it was reached, left and gone for again begins another one.
 */
export class EpisodeScribe implements Witness {
  readonly #options: EpisodeScribeOptions;
  #goal: TakenGoal | undefined;
  #open: Open | undefined;

  constructor(options: EpisodeScribeOptions) {
    this.#options = options;
  }

  goalTaken(goal: TakenGoal): void {
    this.#end("replaced", `Replaced by the goal "${goal.name}".`);
    this.#goal = this.#options.ignores?.(goal) === true ? undefined : goal;
    if (this.#goal !== undefined) this.#begin(this.#goal);
  }

  planned({ goal, subGoal, askedS, image, joints, state, committed, result }: WitnessedPlan): void {
    const open = this.#open;
    // An answer to the goal before, or one that keeps watch at a goal that was reached.
    if (open === undefined || goal !== this.#goal) return;
    const { observed, terms = [] } = result;
    this.#options.sink.step({
      index: open.steps++, timeS: askedS - open.startS, image,
      jointPositions: Float64Array.from(joints.positions), jointVelocities: Float64Array.from(joints.velocities),
      state: Float32Array.from(state), latent: Float32Array.from(result.latent), subGoal, committed,
      actions: Float32Array.from(result.actions), stepEnergies: Float32Array.from(result.stepEnergies),
      startEnergy: result.startEnergy, energy: result.energy, iterations: result.iterations, candidates: result.candidates,
      encodeMs: result.encodeMs, planMs: result.planMs,
      terms: terms.map(({ name, weight, mean = NaN, best = NaN }) => ({ name, weight, mean, best })),
      ...(observed?.predicted === undefined ? {} : { predicted: Float32Array.from(observed.predicted) }),
      ...(observed?.unlikeness === undefined ? {} : { unlikeness: observed.unlikeness }),
    });
  }

  /** To be told of every status that the controller publishes. */
  said(status: ControllerStatus): void {
    const { state, holdReason, sentence, final, speedScale } = status;
    if (this.#open === undefined && this.#goal !== undefined && state === "planning") this.#begin(this.#goal);
    const open = this.#open;
    if (open === undefined) return;
    const said = [state, holdReason, speedScale === undefined ? "" : "slowed"].join(" ");
    if (said !== open.said) {
      open.said = said;
      this.#options.sink.event({ timeS: this.#options.clock() - open.startS, state, ...(holdReason === undefined ? {} : { holdReason }), sentence });
    }
    const why = holdReason === undefined ? {} : { holdReason };
    if (state === "reached") this.#end("reached", sentence);
    else if (state === "stopped") this.#forget("stopped", sentence, why);
    else if (state === "idle") this.#forget("stopped", "The goal was taken away before it was reached.");
    else if (state === "holding" && final) this.#end("held", sentence, why);
  }

  #begin(goal: TakenGoal): void {
    const { about, sink, clock } = this.#options;
    const startedAt = new Date();
    this.#open = { startS: clock(), steps: 0, said: "" };
    sink.begin({
      ...about, id: episodeId(startedAt), startedAt: startedAt.toISOString(), goal: goal.name, reachedBelow: goal.reachedBelow,
      subGoals: goal.subGoals.map(({ name, latent, image }) => ({ name, latent: Float32Array.from(latent), ...(image === undefined ? {} : { image }) })),
    });
  }

  #end(kind: EpisodeOutcome["kind"], sentence: string, why: { readonly holdReason?: string } = {}): void {
    if (this.#open === undefined) return;
    this.#options.sink.end({ kind, sentence, ...why, steps: this.#open.steps, endedAt: new Date().toISOString() });
    this.#open = undefined;
  }

  /** Ends, and the goal is not gone for again. */
  #forget(kind: EpisodeOutcome["kind"], sentence: string, why?: { readonly holdReason?: string }): void {
    this.#end(kind, sentence, why);
    this.#goal = undefined;
  }
}
