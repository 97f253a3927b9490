import { createTerms, userTermLines } from "../objective/index.js";
import { jointsPerMetre } from "../robot/differential-ik.js";
import { corner } from "./corner.js";
import { locate } from "./locate.js";
import { oneLine } from "./ros-node.js";

import type { PlanTerms } from "../control/planning-service.js";
import type { TermConfig, TermsConfig } from "../objective/index.js";
import type { KeepOutShape, TermContext } from "../planner/index.js";
import type { RobotModel } from "../robot/model.js";
import type { JointState } from "../robot/types.js";
import type { Manifest } from "../world-model/index.js";
import type { ControllerParameters } from "./parameters.js";

type BuiltIn = Exclude<TermConfig, { readonly name: string }>;

/** What the parameters make of the objective's terms. */
export interface ObjectiveTerms {
  /** For the planning worker: every built-in term that this bundle and robot allow, whatever its weight, and the user's. */
  readonly config: TermsConfig;
  /** Why a built-in term is not there, by its name. */
  readonly missing: ReadonlyMap<string, string>;
  /** Built-in terms that look at predicted states. */
  readonly needStates: ReadonlySet<string>;
  /** Terms of which at least one of a weight above 0 needs joint positions, for these weights. */
  needsJoints(weights: Readonly<Record<string, number>>): boolean;
}

/**
 * Reads the parameters `objective.*` and tries every term, but for the modules, which only the planning worker loads.
 *
 * @param zones where the tool is not to go.
 * @throws Error with one line that names the parameter or the term, the value and what to do.
 */
export async function objectiveTerms(
  p: ControllerParameters, manifest: Manifest, robot: RobotModel, zones: readonly KeepOutShape[],
): Promise<ObjectiveTerms> {
  const context: TermContext = {
    horizon: manifest.horizon,
    periodS: manifest.action.period_s,
    actionNames: manifest.action.names, low: manifest.action.low, high: manifest.action.high,
    stateNames: manifest.state.names,
    joints: robot.limits.map(({ name, lower, upper }, j) => ({ name, lower, upper, movesTool: robot.movesTool[j] === true })),
    fullOpeningM: p["gripper.max_joint"] * p["gripper.opening_per_joint"],
  };
  const terms: TermConfig[] = [];
  const missing = new Map<string, string>();
  const needStates = new Set<string>();
  const needJoints = new Set<string>();
  const weights = builtInWeights(p);
  const take = async (name: string, config: TermConfig): Promise<void> => {
    // Of weight 1 here, so that it counts as wanted.
    const made = await createTerms({ context, terms: [{ ...config, weight: 1 }] });
    if (made.needingStates !== undefined) needStates.add(name);
    if (made.needingJoints !== undefined) needJoints.add(name);
    terms.push(config);
  };
  for (const config of builtIns(p, weights, zones)) {
    try {
      if (config.kind === "keep_out" && zones.length === 0) throw new Error("there are no keep-out zones");
      await take(config.kind, config);
    } catch (error) {
      if (config.weight > 0) throw new Error(`parameter objective.${config.kind}.weight is ${config.weight}: ${oneLine(error)}`, { cause: error });
      missing.set(config.kind, oneLine(error));
    }
  }
  const builtInNames = Object.keys(weights);
  for (const { name, weight, text } of userTermLines("objective.expressions", p["objective.expressions"], "expression")) {
    refuseBuiltInName("objective.expressions", name, builtInNames);
    try {
      await take(name, { kind: "expression", name, weight, expression: text });
    } catch (error) {
      throw new Error(`parameter objective.expressions: ${oneLine(error)}`, { cause: error });
    }
  }
  for (const { name, weight, text } of userTermLines("objective.modules", p["objective.modules"], "path of a module")) {
    refuseBuiltInName("objective.modules", name, [...builtInNames, ...terms.flatMap((term) => "name" in term ? [term.name] : [])]);
    terms.push({ kind: "module", name, weight, path: locate(`parameter objective.modules: the module of ${name},`, text) });
    // Only the worker knows whether it does.
    needJoints.add(name);
  }
  const fixed = Object.fromEntries(terms.flatMap((term) => "name" in term ? [[term.name, term.weight]] : []));
  return {
    config: { terms, context }, missing, needStates,
    needsJoints: (now) => [...needJoints].some((name) => (now[name] ?? fixed[name] ?? 0) > 0),
  };
}

/** `objective.<term>.weight` of each built-in term. */
export function builtInWeights(p: ControllerParameters): Record<BuiltIn["kind"], number> {
  return {
    action_smoothness: p["objective.action_smoothness.weight"],
    joint_centring: p["objective.joint_centring.weight"],
    gripper_effort: p["objective.gripper_effort.weight"],
    workspace: p["objective.workspace.weight"],
    keep_out: p["objective.keep_out.weight"],
  };
}

/**
 * What the planner is told at each plan: the newest weights, and the joints where somebody looks at them.
 *
 * @param newest the parameters as they are now. @param givesStates whether the bundle says where roll-outs lead.
 * @param warn told once for each term that was given a weight and cannot be had.
 */
export function planTerms(
  objective: ObjectiveTerms, robot: RobotModel, givesStates: boolean, newest: () => ControllerParameters, warn: (sentence: string) => void,
): (joints: JointState) => PlanTerms {
  const warned = new Set<string>();
  return ({ positions }) => {
    const weights: Record<string, number> = {};
    for (const [name, weight] of Object.entries(builtInWeights(newest()))) {
      const why = objective.missing.get(name) ??
        (objective.needStates.has(name) && !givesStates ? "the bundle's rollout.onnx has no output states; export the bundle again" : undefined);
      weights[name] = why === undefined ? weight : 0;
      if (why !== undefined && weight > 0 && !warned.has(name)) {
        warned.add(name);
        warn(`objective.${name}.weight has no effect: ${why}`);
      }
    }
    return { weights, ...(objective.needsJoints(weights) ? { joints: { positions: positions.slice(), perMetre: jointsPerMetre(robot, positions) } } : {}) };
  };
}

function builtIns(p: ControllerParameters, weights: Record<BuiltIn["kind"], number>, shapes: readonly KeepOutShape[]): BuiltIn[] {
  return [
    { kind: "action_smoothness", weight: weights.action_smoothness },
    { kind: "joint_centring", weight: weights.joint_centring },
    { kind: "gripper_effort", weight: weights.gripper_effort },
    {
      kind: "workspace", weight: weights.workspace, marginM: p["objective.workspace.margin_m"],
      low: corner(p["workspace.low"]), high: corner(p["workspace.high"]),
    },
    { kind: "keep_out", weight: weights.keep_out, marginM: p["objective.keep_out.margin_m"], shapes },
  ];
}

function refuseBuiltInName(parameter: string, name: string, taken: readonly string[]): void {
  if (name === "goal_energy" || taken.includes(name)) throw new Error(`parameter ${parameter}: there is a term called ${name} already: choose another name`);
}
