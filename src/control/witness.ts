import type { RgbImage } from "../camera/types.js";
import type { JointState } from "../robot/types.js";
import type { PlanResult } from "./planning-service.js";

/** A goal that the controller has taken; the object itself stands for this one time of going for it. */
export interface TakenGoal {
  readonly name: string;
  readonly reachedBelow: number;
  /** In their order; with pictures where the controller was given them. */
  readonly subGoals: readonly { readonly name: string; readonly latent: Float32Array; readonly image?: RgbImage }[];
}

/** A plan that was made, and what from. Pictures and latents are lent: who keeps them copies them. */
export interface WitnessedPlan {
  readonly goal: TakenGoal;
  /** From 0. */
  readonly subGoal: number;
  /** When it was asked for, on the controller's clock (s). */
  readonly askedS: number;
  readonly image: RgbImage;
  /** Of that moment. */
  readonly joints: JointState;
  /** Proprioception, [stateDim]. */
  readonly state: Float32Array;
  /** Rows of the plan that were decided before. */
  readonly committed: number;
  readonly result: PlanResult;
}

/** Is told what the controller goes for and what it plans; must not throw, and must not take long. What it says is in its status. */
export interface Witness {
  goalTaken(goal: TakenGoal): void;
  /** Of every answer, those included that come too late to be followed. */
  planned(plan: WitnessedPlan): void;
}
