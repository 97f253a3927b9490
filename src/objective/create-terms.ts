import {
  ActionSmoothness, GripperEffort, JointCentring, KeepOut, type KeepOutShape, type ObjectiveTerm, type TermContext, TermSet, Workspace,
} from "../planner/index.js";
import type { WorkspaceOptions } from "../planner/index.js";

/** One term as plain data, so that it can come out of a parameter file and go to a worker. */
export type TermConfig = { readonly weight: number } & (
  | { readonly kind: "action_smoothness" }
  | { readonly kind: "joint_centring" }
  | { readonly kind: "gripper_effort" }
  | ({ readonly kind: "workspace" } & WorkspaceOptions)
  | { readonly kind: "keep_out"; readonly shapes: readonly KeepOutShape[]; readonly marginM: number }
  | { readonly kind: "expression"; readonly name: string; readonly expression: string }
  | { readonly kind: "module"; readonly name: string; readonly path: string }
);

/** The terms of an objective as plain data. */
export interface TermsConfig {
  readonly terms: readonly TermConfig[];
  readonly context: TermContext;
}

/**
 * Makes the terms and initializes them.
 * @throws Error with one line that names the term and what is wrong.
 */
export async function createTerms({ terms, context }: TermsConfig): Promise<TermSet> {
  const weighted = [];
  for (const config of terms) weighted.push({ term: await createTerm(config, context), weight: config.weight });
  return new TermSet(weighted, context);
}

async function createTerm(config: TermConfig, context: TermContext): Promise<ObjectiveTerm> {
  switch (config.kind) {
    case "action_smoothness":
      return new ActionSmoothness();
    case "joint_centring":
      return new JointCentring();
    case "gripper_effort":
      return new GripperEffort();
    case "workspace":
      return new Workspace(config);
    case "keep_out":
      return new KeepOut(config.shapes, config.marginM);
    // Loaded only where they are used: mathjs alone takes a second.
    case "expression": {
      const { ExpressionTerm } = await import("./expression-term.js");
      return ExpressionTerm.compile(config.name, config.expression, context);
    }
    case "module": {
      const { loadModuleTerm } = await import("./module-term.js");
      return loadModuleTerm(config.name, config.path, context);
    }
    default:
      return config satisfies never;
  }
}
