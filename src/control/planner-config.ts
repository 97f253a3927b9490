import { Cem, type CemOptions, type CrossEntropyOptions, Icem, Mppi, type MppiOptions, type Planner } from "../planner/index.js";

/** A planner as plain data, so that it can be named in a parameter file and sent to a worker. */
export type PlannerConfig =
  | { readonly kind: "cem"; readonly options?: CemOptions }
  | { readonly kind: "icem"; readonly options?: Partial<CrossEntropyOptions> }
  | { readonly kind: "mppi"; readonly options?: MppiOptions };

/** The names of the optimisers. */
export const PLANNER_KINDS = ["icem", "cem", "mppi"] as const satisfies readonly PlannerConfig["kind"][];

/** What of a bundle decides its search. */
export interface SearchedBundle {
  readonly horizon: number;
  readonly action: { readonly names: readonly string[] };
  readonly planning?: {
    readonly candidates: number;
    readonly iterations: number;
    readonly elites: number;
    readonly initial_std: number;
    readonly noise_exponent: number;
    readonly min_std?: number | undefined;
    readonly path_weight: number;
    readonly proposals?: number | undefined;
    readonly refinement?: number | undefined;
    readonly switched: readonly string[];
  } | undefined;
}

/** The search that a bundle was measured with, where it says so and `config` does not. */
export function withBundleSearch(config: PlannerConfig, { horizon, action, planning }: SearchedBundle): PlannerConfig {
  if (planning === undefined) return config;
  const own = {
    candidates: planning.candidates,
    iterations: planning.iterations,
    elites: planning.elites,
    initialStd: planning.initial_std,
    objective: { kind: "weights", weights: endAndPath(horizon, planning.path_weight) } as const,
    ...(planning.min_std === undefined ? {} : { minStd: planning.min_std }),
    ...(planning.proposals === undefined ? {} : { proposals: planning.proposals }),
    switchedDims: planning.switched.map((name) => action.names.indexOf(name)),
  };
  // CEM's noise is white and it ends with its iterations: that is what makes it one.
  return config.kind === "cem"
    ? { kind: "cem", options: { ...own, ...config.options } }
    : { kind: config.kind, options: {
      ...own, noiseExponent: planning.noise_exponent, ...(planning.refinement === undefined ? {} : { refinement: { iterations: planning.refinement } }), ...config.options,
    } };
}

/** The last step weighs 1, all steps together `pathWeight` more. */
function endAndPath(horizon: number, pathWeight: number): number[] {
  return Array.from({ length: horizon }, (_, step) => pathWeight / horizon + (step === horizon - 1 ? 1 : 0));
}

/** @throws RangeError when an option makes no sense. */
export function createPlanner(config: PlannerConfig): Planner {
  switch (config.kind) {
    case "cem":
      return new Cem(config.options);
    case "icem":
      return new Icem(config.options);
    case "mppi":
      return new Mppi(config.options);
    default:
      return config satisfies never;
  }
}
