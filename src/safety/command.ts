import type { JointTrajectory } from "../robot/types.js";
import type { Verdict } from "./guards/guard.js";
import type { HoldReason } from "./types.js";

/** A step toward the targets. Its trajectory ends in a stop. */
export interface MoveCommand {
  readonly kind: "move";
  readonly trajectory: JointTrajectory;
  /** Share of the arm's wanted step that is taken, 0..1; 0 when the arm only brakes. */
  readonly scale: number;
  /** The same for the gripper joints; 1 when there are none. */
  readonly gripperScale: number;
  /** What makes the arm slower than it was asked to be, if a guard does. */
  readonly slowed?: Verdict;
}

/** A stop and why. */
export interface HoldCommand {
  readonly kind: "hold";
  readonly reason: HoldReason;
  /** For people: names the joint and the numbers. */
  readonly sentence: string;
  readonly trajectory: JointTrajectory;
}

/** What goes to the robot. */
export type Command = MoveCommand | HoldCommand;

/** What a look at the motion under way found: nothing to do, the rest of the step at less speed, or a stop. */
export type Watch =
  | { readonly kind: "clear"; readonly slowed?: Verdict }
  | { readonly kind: "slowed"; readonly trajectory: JointTrajectory; readonly slowed: Verdict }
  | HoldCommand;
