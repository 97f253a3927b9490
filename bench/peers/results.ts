import type { Contender } from "./contenders.js";
import type { Curve } from "./measure.js";

/** How different PyTorch's model is from the exported one: largest absolute differences. */
export interface ModelParity {
  readonly pictures: number;
  readonly latent: number;
  /** Of a problem. */
  readonly candidates: number;
  readonly energy: number;
}

/** Everything that a run of the benchmark has to say. */
export interface Results {
  /** Day. */
  readonly made: string;
  readonly bundle: string;
  readonly horizon: number;
  /** The processors that each process had. */
  readonly cores: readonly number[];
  readonly repeats: number;
  /** Width of the peers' first samples, as a share of the box's half width. */
  readonly std: number;
  /** The gripper of every answer is open or closed, or anything between. */
  readonly gripper: "switched" | "free";
  readonly load: { readonly before: number; readonly after: number };
  /** What the processes run on, in their own words. */
  readonly processes: readonly string[];
  readonly parity: ModelParity;
  readonly contenders: readonly Contender[];
  readonly problems: readonly { readonly task: string; readonly seed: number }[];
  /** Of each problem: the lowest energy that any answer had, and that of standing where the start is. */
  readonly scales: readonly { readonly lowest: number; readonly start: number }[];
  readonly curves: readonly Curve[];
}
