/**
 * What page and server say to each other. The page's code imports the types of this file and nothing else of the server.
 * Lengths in m, angles in rad, times in ms where the name says so.
 */

/** A picture message is this one byte and a JPEG. */
export const CAMERA_PICTURE = 1;

/** What the controller does, as `~/status` has it. */
export interface StatusMessage {
  readonly type: "status";
  /** "" until the controller was heard. */
  readonly state: string;
  readonly sentence: string;
  readonly final: boolean;
  readonly holdReason?: string;
  readonly goal?: string;
  /** The sub-goal that is being gone for, where the goal has more than one; 1 is the first. */
  readonly subGoal?: { readonly name: string; readonly number: number; readonly count: number };
  readonly energy?: number;
  readonly startEnergy?: number;
  readonly planMs?: number;
  readonly steps?: number;
  /** Share of the wanted speed that the guards leave, where they slow the arm. */
  readonly speedScale?: number;
  /** Surprise scores as shares of their thresholds, by name. */
  readonly surprise: Readonly<Record<string, number>>;
}

/** Whether the controller is there. The server sends it at least once a second: a page that hears nothing knows that it is cut off. */
export interface HealthMessage {
  readonly type: "health";
  /** Whether `~/status` came in the last two seconds. */
  readonly controller: boolean;
  /** Whether a camera picture came in the last two seconds. */
  readonly camera: boolean;
  /** As the controller counts in /diagnostics; left out until it said so. */
  readonly imageHz?: number;
  readonly jointStatesHz?: number;
  readonly missedPeriods?: number;
  readonly missedCommandCycles?: number;
}

/** What hardly ever changes. */
export interface FactsMessage {
  readonly type: "facts";
  /** The controller's full name. */
  readonly node: string;
  readonly version: string;
  /** Whether /robot.urdf can be asked for. */
  readonly urdf: boolean;
  readonly joints: readonly JointFacts[];
  /** Folder of the goal library. */
  readonly goalsDir: string;
  /** The bundle's name. */
  readonly bundle?: string;
  /** Energy below which a goal counts as reached. */
  readonly reachedBelow?: number;
}

export interface JointFacts {
  readonly name: string;
  /** Whether positions are m, not rad. */
  readonly linear: boolean;
  readonly lower: number;
  readonly upper: number;
  readonly maxVelocity: number;
  /** Distance that the controller keeps from the ends. */
  readonly margin: number;
}

/** In the order of the facts' joints; null for a joint that is not known. */
export interface JointsMessage {
  readonly type: "joints";
  readonly positions: readonly (number | null)[];
  readonly velocities: readonly (number | null)[];
  /** Other joints of the robot, for drawing. */
  readonly others: Readonly<Record<string, number>>;
}

/** The energies of the last minute: seconds before now (negative), energy. */
export interface EnergyMessage {
  readonly type: "energy";
  readonly points: readonly (readonly [timeS: number, energy: number])[];
}

export interface PlanMessage {
  readonly type: "plan";
  readonly names: readonly string[];
  readonly actions: readonly (readonly number[])[];
}

/** Where candidates end and the chosen plan leads, in the base frame, m. */
export interface CandidatesMessage {
  readonly type: "candidates";
  readonly ends: readonly Point[];
  readonly path: readonly Point[];
  /** The same in the picture, as shares of its width and height from the left upper corner; left out where the camera's pose is not known. */
  readonly picture?: { readonly ends: readonly PicturePoint[]; readonly path: readonly PicturePoint[] };
}

export type Point = readonly [x: number, y: number, z: number];
export type PicturePoint = readonly [x: number, y: number];

/** Frames of the memory nearest to where the plan is believed to lead. */
export interface PredictedMessage {
  readonly type: "predicted";
  /** Why there are no frames, or what is shown. */
  readonly sentence: string;
  readonly frames: readonly PredictedFrame[];
}

export interface PredictedFrame {
  readonly episode: string;
  readonly step: number;
  /** In the latent space. */
  readonly distance: number;
  readonly url: string;
}

export interface GoalsMessage {
  readonly type: "goals";
  readonly goals: readonly GoalSummary[];
}

/** A goal of the library, or a sequence of goals. */
export interface GoalSummary {
  readonly name: string;
  /** Where its picture is (a sequence's is that of its last goal), or where it is not: what is wrong with the goal. */
  readonly url?: string;
  readonly problem?: string;
  /** "128x128, 2026-11-22 07:22", "sequence of 3, 2026-11-22 07:22" */
  readonly note: string;
  /** Of a sequence: its goals in their order. */
  readonly steps?: readonly GoalStep[];
}

export interface GoalStep {
  /** Of the goal. */
  readonly name: string;
  /** Where its picture is; left out where it is not to be had. */
  readonly url?: string;
  /** Energy below which it counts as reached, where the sequence says it. */
  readonly reachedBelow?: number;
}

export interface ParametersMessage {
  readonly type: "parameters";
  readonly parameters: readonly ParameterSummary[];
}

export type SettableValue = boolean | number | string;

/** A parameter that may be set while the controller runs. */
export interface ParameterSummary {
  readonly name: string;
  readonly kind: "bool" | "integer" | "double" | "string";
  readonly value: SettableValue;
  readonly description: string;
  readonly low?: number;
  readonly high?: number;
  readonly choices?: readonly string[];
}

/** Warnings and errors of the controller, the newest last. */
export interface LogMessage {
  readonly type: "log";
  readonly lines: readonly { readonly level: "warning" | "error"; readonly time: string; readonly text: string }[];
}

/** To one command. */
export interface AnswerMessage {
  readonly type: "answer";
  readonly id: number;
  readonly ok: boolean;
  readonly message: string;
}

/** What the server keeps the newest of and sends when it has changed. */
export type StateMessage =
  | StatusMessage | FactsMessage | JointsMessage | EnergyMessage | PlanMessage | CandidatesMessage | PredictedMessage | GoalsMessage | ParametersMessage | LogMessage;

export type ServerMessage = StateMessage | HealthMessage | AnswerMessage;

/** What a page may ask for. `id` comes back in the answer. */
export type Command =
  | { readonly do: "stop"; readonly id: number }
  | { readonly do: "reset"; readonly id: number }
  | { readonly do: "pause"; readonly id: number; readonly on: boolean }
  | { readonly do: "goal"; readonly id: number; readonly name: string }
  | { readonly do: "capture"; readonly id: number; readonly name: string; readonly replace: boolean }
  | { readonly do: "parameter"; readonly id: number; readonly name: string; readonly value: SettableValue };

/** Sent when a picture has been drawn: only then the next one comes. */
export interface Shown {
  readonly do: "shown";
}
