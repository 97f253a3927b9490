import type { ConditionalNode, FunctionNode, MathNode, OperatorNode, ParenthesisNode, RelationalNode, SymbolNode, ConstantNode } from "mathjs";

/** An expression that was read, checked and compiled. */
export interface Expression {
  /** Names of the variables it has, each once. */
  readonly variables: readonly string[];
  /** Where the values of the variables are put before `evaluate`. */
  readonly scope: Map<string, unknown>;
  /** Its value with what is in `scope`; NaN for what is no number. Comparisons are 1 or 0. */
  evaluate(): number;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** What may be called, with the numbers of arguments. These, not mathjs's own, are what is called: numbers to numbers, and quicker. */
const FUNCTIONS: Readonly<Record<string, readonly [call: (...values: number[]) => number, least: number, most: number]>> = {
  abs: [Math.abs, 1, 1],
  sign: [Math.sign, 1, 1],
  sqrt: [Math.sqrt, 1, 1],
  square: [(value) => value * value, 1, 1],
  exp: [Math.exp, 1, 1],
  log: [Math.log, 1, 1],
  sin: [Math.sin, 1, 1],
  cos: [Math.cos, 1, 1],
  tan: [Math.tan, 1, 1],
  asin: [Math.asin, 1, 1],
  acos: [Math.acos, 1, 1],
  atan: [Math.atan, 1, 1],
  atan2: [Math.atan2, 2, 2],
  tanh: [Math.tanh, 1, 1],
  floor: [Math.floor, 1, 1],
  ceil: [Math.ceil, 1, 1],
  round: [Math.round, 1, 1],
  pow: [Math.pow, 2, 2],
  hypot: [Math.hypot, 1, 8],
  min: [Math.min, 1, 16],
  max: [Math.max, 1, 16],
  clamp: [clamp, 3, 3],
};

/** mathjs's names of the operators that may be used. */
const OPERATORS = new Set([
  "add", "subtract", "multiply", "divide", "pow", "mod", "unaryMinus", "unaryPlus",
  "smaller", "larger", "smallerEq", "largerEq", "equal", "unequal", "and", "or", "not",
]);

const CONSTANTS = new Set(["pi", "Infinity"]);

/** Longer ones belong into a module. */
const MAX_LENGTH = 1000;

/** Functions and constants of an expression, for the documentation. */
export const EXPRESSION_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS);

/**
 * Reads an expression in mathjs's syntax and compiles it, once. Everything that is not on the lists is refused: other names and functions,
 * assignments, definitions, several statements, texts, matrices, ranges, units, access to properties and indices. What is left has no loops and
 * reaches nothing but its variables.
 *
 * mathjs is loaded here and not before, in its build for plain numbers.
 *
 * @param allowed the variables it may have. @throws Error with one line naming the part that is refused.
 */
export async function compileExpression(source: string, allowed: readonly string[]): Promise<Expression> {
  if (source.length > MAX_LENGTH) throw new Error(`it has ${source.length} characters, at most ${MAX_LENGTH} are read: write a module`);
  // The types of the build for numbers are not declared; the functions used here are those of the whole library.
  const { parse } = await import("mathjs/number") as Pick<typeof import("mathjs"), "parse">;
  let root: MathNode;
  try {
    root = parse(source);
  } catch (error) {
    throw new Error(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const names = new Set(allowed);
  const variables = new Set<string>();
  check(root, names, variables);
  const compiled = root.compile();
  const scope = new Map<string, unknown>([...Object.entries(FUNCTIONS).map(([name, [call]]): [string, unknown] => [name, call]), ["pi", Math.PI]]);
  return {
    variables: [...variables], scope,
    evaluate: () => {
      const value: unknown = compiled.evaluate(scope);
      return typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : NaN;
    },
  };
}

/** Refuses every node that is not known to be harmless; collects the variables. */
function check(node: MathNode, names: ReadonlySet<string>, variables: Set<string>): void {
  switch (node.type) {
    case "ConstantNode": {
      const value: unknown = (node as ConstantNode).value;
      if (typeof value !== "number" && typeof value !== "boolean") throw new Error(`${shown(node)} is not a number`);
      if (Number.isNaN(value)) throw new Error("NaN is not a number");
      return;
    }
    case "SymbolNode": {
      const { name } = node as SymbolNode;
      if (CONSTANTS.has(name)) return;
      if (!names.has(name)) {
        throw new Error(Object.hasOwn(FUNCTIONS, name) ? `${name} is a function: call it` : `${name} is not known; the names are ${[...names].join(", ")}, pi`);
      }
      variables.add(name);
      return;
    }
    case "ParenthesisNode":
      check((node as ParenthesisNode).content, names, variables);
      return;
    case "OperatorNode": {
      const { op, fn, args, implicit } = node as OperatorNode;
      if (implicit) throw new Error(`${shown(node)} has no operator between its parts: write *`);
      if (!OPERATORS.has(fn)) throw new Error(`the operator ${String(op)} is not allowed`);
      for (const arg of args) check(arg, names, variables);
      return;
    }
    case "ConditionalNode": {
      const { condition, trueExpr, falseExpr } = node as ConditionalNode;
      for (const part of [condition, trueExpr, falseExpr]) check(part, names, variables);
      return;
    }
    case "RelationalNode":
      for (const param of (node as RelationalNode).params) check(param, names, variables);
      return;
    case "FunctionNode": {
      const { fn, args } = node as FunctionNode;
      const called: MathNode = fn;
      const name = called.type === "SymbolNode" ? (called as SymbolNode).name : shown(called);
      // Not `in`: an object has names of its own, such as constructor.
      const known = called.type === "SymbolNode" && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (known === undefined) throw new Error(`${name}() is not a function here; there are ${EXPRESSION_FUNCTIONS.join(", ")}`);
      const [, least, most] = known;
      if (args.length < least || args.length > most) {
        throw new Error(`${name}() takes ${least === most ? least : `${least} to ${most}`} arguments, not ${args.length}`);
      }
      for (const arg of args) check(arg, names, variables);
      return;
    }
    default:
      throw new Error(`${shown(node)} is not allowed (${node.type.replace(/Node$/, "")}): only numbers, names, operators and functions are`);
  }
}

/** A piece of the source as mathjs writes it, short. */
function shown(node: MathNode): string {
  const text = node.toString().replace(/\s+/g, " ");
  return `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}
