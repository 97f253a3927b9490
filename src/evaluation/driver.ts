import type { RgbImage } from "../camera/types.js";

/** What moves the robot in an episode: a planner behind the controller, or a baseline. Made anew for each episode. */
export interface Driver {
  /** Nothing more will happen. */
  readonly over: boolean;
  /** How it ended, one sentence. */
  readonly sentence: string;
  /** Actions sent. */
  readonly steps: number;
  /** The energy of the last period's picture, and how long its plan took, ms; undefined without a plan. */
  readonly energy: number | undefined;
  readonly planMs: number | undefined;
  /** Sub-goals that it goes by, the goal among them; left out: the pictures that it was given. */
  readonly subGoals?: number;
  /** Sub-goals that lie behind it. */
  readonly subGoalsDone: number;
  /** One period: sends what the robot shall do next. @param image what the camera sees now. */
  period(image: RgbImage): Promise<void>;
  /** At command rate while the robot moves, as the node does; left out where nothing looks at the motion. */
  cycle?(): void;
  /** Ends it: the robot holds. */
  stop(): void;
}
