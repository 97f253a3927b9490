import { Cem, type CemOptions, type CrossEntropyOptions, Icem, type Planner } from "../planner/index.js";

/** A planner as plain data, so that it can be named in a parameter file and sent to a worker. */
export type PlannerConfig =
  | { readonly kind: "cem"; readonly options?: CemOptions }
  | { readonly kind: "icem"; readonly options?: Partial<CrossEntropyOptions> };

/** @throws RangeError when an option makes no sense. */
export function createPlanner(config: PlannerConfig): Planner {
  switch (config.kind) {
    case "cem":
      return new Cem(config.options);
    case "icem":
      return new Icem(config.options);
    default:
      return config satisfies never;
  }
}
