import type { ObjectiveTerm, ScoredRollouts, TermContext } from "../planner/index.js";
import { oneLine } from "../text/one-line.js";
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
  /** Of each of the expression's variables. */
  readonly #sources: readonly Source[];
  readonly #values: Float64Array;
  #tool: readonly number[] = [];

  /** @throws Error with one line that names the term and the part of the expression that is refused. */
  static async compile(name: string, source: string, context: TermContext): Promise<ExpressionTerm> {
    const sources = variableSources(context);
    try {
      const expression = await compileExpression(source, [...sources.keys()]);
      return new ExpressionTerm(name, expression, expression.variables.map((variable) => sources.get(variable)!));
    } catch (error) {
      throw new Error(`objective term ${name}, "${source.replace(/\s+/g, " ")}": ${oneLine(error)}`, { cause: error });
    }
  }

  private constructor(name: string, expression: Expression, sources: readonly Source[]) {
    this.name = name;
    this.#expression = expression;
    this.#sources = sources;
    this.#values = new Float64Array(sources.length);
    this.needsJoints = sources.some(({ kind }) => kind === "joint");
    this.needsStates = this.needsJoints || sources.some(({ kind }) => kind === "state");
  }

  initialize({ stateNames }: TermContext): void {
    this.#tool = ["ee_x", "ee_y", "ee_z"].map((name) => stateNames.indexOf(name));
  }

  score(rollouts: ScoredRollouts, costs: Float64Array): void {
    const { count, horizon, stateDim, actionDim, from, to, states, actions, stepEnergies } = rollouts;
    const sources = this.#sources;
    const values = this.#values;
    const steps = Math.max(1, to - from);
    for (let c = 0; c < count; c++) {
      let sum = 0;
      // Once it is not finite it stays so: the rest need not be looked at.
      for (let h = from; h < to && Number.isFinite(sum); h++) {
        const at = c * horizon + h;
        for (let i = 0; i < sources.length; i++) {
          const source = sources[i]!;
          switch (source.kind) {
            case "state":
              values[i] = states![at * stateDim + source.index]!;
              break;
            case "action":
              values[i] = actions[at * actionDim + source.index]!;
              break;
            case "joint":
              values[i] = this.#joint(rollouts, at, source.index);
              break;
            case "energy":
              values[i] = stepEnergies[at]!;
              break;
            case "step":
              values[i] = h + 1;
              break;
            case "horizon":
              values[i] = horizon;
              break;
          }
        }
        sum += this.#expression.evaluate(values);
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
