import type { RgbImage } from "../camera/types.js";
import type { GripperState } from "../goals/goal-file.js";
import type { GoalErrorCode } from "./goal-error-code.js";

/** How a goal ended: a code, and a sentence for people. */
export interface GoalEnd {
  readonly code: GoalErrorCode;
  /** Empty when the goal was reached. */
  readonly message: string;
}

interface OrderedGoal {
  readonly name: string;
  /** What the gripper is to be, whatever picture or latent say. */
  readonly gripper?: GripperState | undefined;
  /** Energy below which it counts as reached; undefined: the order's. */
  readonly reachedBelow?: number | undefined;
}

/** A picture that is to be brought about. */
export interface GoalPicture extends OrderedGoal {
  readonly image: RgbImage;
}

/** A latent [latentDim] of the controller's own world model that is to be brought about. */
export interface GoalLatent extends OrderedGoal {
  readonly latent: Float32Array;
}

/** Somebody's wish, from a topic or through the action. */
export interface GoalOrder {
  readonly name: string;
  /** Reads and decodes the pictures. Rejects with a GoalRefused, or with any error, which counts as an invalid goal. */
  load(): Promise<readonly (GoalPicture | GoalLatent)[]>;
  /** Energy below which goals that do not say it themselves count as reached; undefined: the controller's own. */
  readonly reachedBelow?: number | undefined;
  /** Called once, when it has ended. Goals from topics have nobody to tell. */
  ended?(end: GoalEnd): void;
}

/** Why an order cannot be carried out, with its code. */
export class GoalRefused extends Error {
  override readonly name = "GoalRefused";
  readonly code: GoalErrorCode;

  constructor(code: GoalErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
