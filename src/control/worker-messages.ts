import type { TermsConfig } from "../objective/index.js";
import type { PlannerConfig } from "./planner-config.js";
import type { Looked, ModelShape, PlanRequest, PlanResult } from "./planning-service.js";

/** What the worker is started with. */
export interface WorkerSetup {
  readonly bundleDirectory: string;
  readonly planner: PlannerConfig;
  /** Added to the goal energy. */
  readonly terms?: TermsConfig;
  /** Threads inside one operator of the model. */
  readonly threads?: number;
}

/** A picture in shared memory; it stays as it is until the answer. */
export interface SharedPicture {
  readonly buffer: SharedArrayBuffer;
  readonly width: number;
  readonly height: number;
}

/** To the worker. Answers carry the `id`. */
export type WorkerRequest =
  | { readonly kind: "encode"; readonly id: number; readonly picture: SharedPicture }
  | { readonly kind: "plan"; readonly id: number; readonly picture: SharedPicture; readonly request: Omit<PlanRequest, "image"> }
  | { readonly kind: "reset"; readonly seed: number };

/** From the worker. */
export type WorkerReply =
  | { readonly kind: "ready"; readonly model: ModelShape }
  | ({ readonly kind: "encoded"; readonly id: number } & Looked)
  | { readonly kind: "planned"; readonly id: number; readonly result: PlanResult }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
