import type { TermsConfig } from "../objective/index.js";
import type { InferenceOptions, OnnxRuntimeOptions } from "../world-model/index.js";
import type { PlannerConfig } from "./planner-config.js";
import type { Turn } from "../robot/frame-turn.js";
import type { Looked, ModelShape, PlanRequest, PlanResult, ScoreRequest } from "./planning-service.js";
import type { ThreadPlacement } from "./thread-placement.js";

/** What the worker is started with. */
export interface WorkerSetup {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  /** Added to the goal energy. */
  readonly terms?: TermsConfig;
  /** How the model's axes lie in the base frame, which is the terms'. */
  readonly turn?: Turn;
  /** How the model is run. */
  readonly running?: OnnxRuntimeOptions;
  readonly placement?: ThreadPlacement;
  /** What runs the model instead of this machine. */
  readonly inference?: InferenceOptions;
  /** Folder of the memory whose plans searches begin with. */
  readonly memoryDir?: string;
}

/** A picture in shared memory; it stays as it is until the answer. */
export interface SharedPicture {
  readonly buffer: SharedArrayBuffer;
  readonly width: number;
  readonly height: number;
}

/** To the worker. Answers carry the `id`; times are of `monotonicMs`. */
export type WorkerRequest =
  | { readonly kind: "encode"; readonly id: number; readonly picture: SharedPicture }
  | { readonly kind: "plan"; readonly id: number; readonly picture: SharedPicture; readonly request: Omit<PlanRequest, "image" | "deadlineMs">;
    /** When the worker is to have answered. */
    readonly dueMs: number;
  }
  | { readonly kind: "score"; readonly id: number; readonly request: ScoreRequest }
  /** The memory has changed. */
  | { readonly kind: "recall" }
  | { readonly kind: "reset"; readonly seed: number };

/** From the worker. */
export type WorkerReply =
  | { readonly kind: "ready"; readonly model: ModelShape; /** What could not be done as asked. */ readonly warning?: string }
  | ({ readonly kind: "encoded"; readonly id: number } & Looked)
  | { readonly kind: "planned"; readonly id: number; readonly result: PlanResult; readonly sentMs: number }
  | { readonly kind: "scored"; readonly id: number; readonly energies: Float32Array }
  | { readonly kind: "failed"; readonly id: number; readonly message: string; /** Whether it is a ModelUnavailable. */ readonly unavailable: boolean };
