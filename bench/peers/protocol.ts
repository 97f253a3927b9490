/** One planning problem: what a picture of the start, proprioception and a picture of the goal are to the model. */
export interface Problem {
  readonly task: string;
  readonly seed: number;
  /** [latentDim] each. */
  readonly latent: readonly number[];
  readonly goal: readonly number[];
  /** [stateDim], in manifest order and units. */
  readonly state: readonly number[];
}

/** Who looks for the actions. The first four are this project's, the others run in Python. */
export type SolverName = "own_shipped" | "own_refined" | "own_without_policy" | "own_cem" | "swm_cem" | "swm_icem" | "swm_mppi" | "dino_wm" | "vjepa2_ac";

/** What of a solver is the same in all of them. */
export interface Search {
  readonly candidates: number;
  readonly elites: number;
  readonly iterations: number;
  readonly seed: number;
  /** Of the first samples, as a share of the box's half width; for the peers' loops, and ours that is like them. */
  readonly std: number;
  /** Action dimensions that are at one of their bounds in every answer, such as a gripper that is open or closed. */
  readonly switched: readonly number[];
}

/** What a solver's process is asked for: a line of JSON each. */
export type Request =
  | { readonly do: "encode"; /** Base64 of uint8 [height, width, 3]. */ readonly pixels: string }
  | { readonly do: "score"; readonly problem: Problem; /** Row-major [count, horizon, actionDim]. */ readonly actions: readonly number[] }
  | { readonly do: "plan"; readonly solver: SolverName; readonly problem: Problem; readonly search: Search };

/** Answer to "encode". */
export interface Encoded { readonly latent: readonly number[] }

/** Answer to "score": energies of the steps, row-major [count, horizon]. */
export interface Scored { readonly energies: readonly number[] }

/** Answer to "plan". */
export interface Planned {
  /** In units of the manifest, row-major [horizon, actionDim]; what lies outside the box the model brings into it. */
  readonly actions: readonly number[];
  /** From the problem to the answer. */
  readonly ms: number;
  /** Sequences rolled out. */
  readonly rollouts: number;
}

/** What the first line of a solver's process says. */
export interface Ready { readonly ready: string }
