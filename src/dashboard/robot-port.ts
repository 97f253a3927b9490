import type { RgbImage } from "../camera/types.js";
import type { CandidatesMessage, JointFacts, ParameterSummary, PlanMessage, SettableValue, StatusMessage } from "./messages.js";

/** The robot as the dashboard sees it. src/ros makes one; the web server knows no ROS. */
export interface RobotPort {
  /** The controller's full name. */
  readonly node: string;
  /** Brakes and latches. Never rejects; answers in a bounded time, also when nobody is there. */
  stop(): Promise<Done>;
  /** Ends a stop or a final hold. Never rejects. */
  reset(): Promise<Done>;
  pause(on: boolean): Promise<Done>;
  /** A goal of the library, by its name. Answers when the controller has it, or why it has not. */
  sendGoal(name: string): Promise<Done>;
  /** Those that may be set while the controller runs. Rejects when it does not answer. */
  parameters(): Promise<readonly ParameterSummary[]>;
  setParameter(name: string, value: SettableValue): Promise<Done>;
  /** Rejects while the controller does not answer. */
  facts(): Promise<RobotFacts>;
  /** Subscribes to what costs the graph something while somebody looks, and to nothing when nobody does. */
  watch(on: boolean): void;
  close(): void;
}

export interface Done {
  readonly ok: boolean;
  readonly message: string;
}

/** What the controller's parameters say of the robot and the model. */
export interface RobotFacts {
  readonly urdf?: string;
  readonly joints: readonly JointFacts[];
  readonly bundle?: BundleFacts;
  /** Whether it records episodes; left out where it does not say. */
  readonly recording?: boolean;
  /** Folder of its memory, where a parameter names one. */
  readonly memoryDir?: string;
}

export interface BundleFacts {
  readonly name: string;
  readonly encoderSha256: string;
  readonly reachedBelow: number;
}

/** What the robot's side tells, whenever it knows something. Arrays are the receiver's own. */
export interface RobotEvents {
  status(status: Omit<StatusMessage, "type">): void;
  counts(counts: Counts): void;
  picture(image: RgbImage): void;
  joints(joints: ReadonlyMap<string, { readonly position: number; readonly velocity: number }>): void;
  plan(plan: Omit<PlanMessage, "type">): void;
  candidates(candidates: Omit<CandidatesMessage, "type">): void;
  /** Latent where the newest plan ends. */
  predicted(latent: Float32Array): void;
  parametersChanged(): void;
  log(level: "warning" | "error", text: string): void;
}

/** As /diagnostics has them. */
export interface Counts {
  readonly imageHz?: number;
  readonly jointStatesHz?: number;
  readonly missedPeriods?: number;
  readonly missedCommandCycles?: number;
}
