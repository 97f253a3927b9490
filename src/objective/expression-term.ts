import type { ObjectiveTerm, ScoredRollouts, TermContext } from "../planner/index.js";
import { compileExpression, EXPRESSION_FUNCTIONS, type Expression } from "./expression.js";

/** Names of the proprioception in expressions. */
const STATE_ALIASES: Readonly<Record<string, string>> = {
  x: "ee_x", y: "ee_y", z: "ee_z", opening: "gripper_opening", vx: "ee_vx", vy: "ee_vy", vz: "ee_vz",
};

/** Where a variable's value is found. */
type Source =
  | { readonly kind: "state" | "action"; readonly index: number }
  | { readonly kind: "joint"; readonly index: number }
  | { readonly kind: "energy" | "step" | "horizon" };

/** A variable of an expression with its source. */
interface Variable {
  readonly name: string;
  readonly source: Source;
}

/**
 * A term of one line: its value at each judged step, averaged. A value that is not a finite number rules the candidate out.
 *
 * Variables: `x y z` (m), `opening` (m), `vx vy vz` (m/s) of the predicted proprioception; `q1`, `q2` ... estimated joint positions (rad, m; see
 * `JointCentring`), the action's entries by their names, `energy`, `step` (1 is the first of the horizon) and `horizon`.
 */
export class ExpressionTerm implements ObjectiveTerm {
  readonly name: string;
  readonly needsStates: boolean;
  readonly needsJoints: boolean;
  readonly #expression: Expression;
  readonly #variables: readonly Variable[];
  #tool: readonly number[] = [];

  /** @throws Error with one line that names the term and the part of the expression that is refused. */
  static async compile(name: string, source: string, context: TermContext): Promise<ExpressionTerm> {
    const sources = variableSources(context);
    try {
      const expression = await compileExpression(source, [...sources.keys()]);
      return new ExpressionTerm(name, expression, expression.variables.map((variable) => ({ name: variable, source: sources.get(variable)! })));
    } catch (error) {
      throw new Error(`objective term ${name}, "${source.replace(/\s+/g, " ")}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  private constructor(name: string, expression: Expression, variables: readonly Variable[]) {
    this.name = name;
    this.#expression = expression;
    this.#variables = variables;
    this.needsJoints = variables.some(({ source }) => source.kind === "joint");
    this.needsStates = this.needsJoints || variables.some(({ source }) => source.kind === "state");
  }

  initialize({ horizon, stateNames }: TermContext): void {
    this.#tool = ["ee_x", "ee_y", "ee_z"].map((name) => stateNames.indexOf(name));
    this.#expression.scope.set("horizon", horizon);
    // The first calls are many times slower than the others: they are made here rather than in the first plan.
    for (const { name } of this.#variables) if (name !== "horizon") this.#expression.scope.set(name, 0.5);
    for (let i = 0; i < 5000; i++) this.#expression.evaluate();
  }

  score(rollouts: ScoredRollouts, costs: Float64Array): void {
    const { count, horizon, stateDim, actionDim, from, to, states, actions, stepEnergies } = rollouts;
    const { scope } = this.#expression;
    const variables = this.#variables.filter(({ source }) => source.kind !== "horizon");
    const steps = Math.max(1, to - from);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      // Once it is not finite it stays so: the rest need not be looked at.
      for (let h = from; h < to && Number.isFinite(sum); h++) {
        const at = c * horizon + h;
        for (const { name, source } of variables) {
          switch (source.kind) {
            case "state":
              scope.set(name, states![at * stateDim + source.index]!);
              break;
            case "action":
              scope.set(name, actions[at * actionDim + source.index]!);
              break;
            case "joint":
              scope.set(name, this.#joint(rollouts, at, source.index));
              break;
            case "energy":
              scope.set(name, stepEnergies[at]!);
              break;
            case "step":
              scope.set(name, h + 1);
              break;
            case "horizon":
              break;
          }
        }
        sum += this.#expression.evaluate();
      }
      costs[c] = sum / steps;
    }
  }

  #joint({ states, stateDim, start }: ScoredRollouts, at: number, joint: number): number {
    const { positions, perMetre } = start.joints!;
    let position = positions[joint]!;
    for (let axis = 0; axis < 3; axis++) {
      const i = this.#tool[axis]!;
      position += perMetre[3 * joint + axis]! * (states![at * stateDim + i]! - start.state[i]!);
    }
    return position;
  }
}

/** The variables that a bundle and a robot offer. */
function variableSources({ stateNames, actionNames, joints }: TermContext): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const [alias, name] of Object.entries(STATE_ALIASES)) {
    const index = stateNames.indexOf(name);
    if (index >= 0) sources.set(alias, { kind: "state", index });
  }
  if (["x", "y", "z"].every((axis) => sources.has(axis))) {
    joints.forEach((_, index) => sources.set(`q${index + 1}`, { kind: "joint", index }));
  }
  actionNames.forEach((name, index) => {
    if (!sources.has(name) && !EXPRESSION_FUNCTIONS.includes(name)) sources.set(name, { kind: "action", index });
  });
  for (const kind of ["energy", "step", "horizon"] as const) sources.set(kind, { kind });
  return sources;
}
