import type { ConditionalNode, FunctionNode, MathNode, OperatorNode, ParenthesisNode, RelationalNode, SymbolNode, ConstantNode } from "mathjs";

/** An expression that was read, checked and compiled. */
export interface Expression {
  /** Names of the variables it has, each once. */
  readonly variables: readonly string[];
  /** Its value with one value for each of `variables`; NaN for what is no number. Comparisons are 1 or 0. */
  evaluate(values: ArrayLike<number>): number;
}

/** A piece of an expression as a function of the variables' values. */
type Compiled = (values: ArrayLike<number>) => number;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** As mathjs has it: neither 0 nor NaN. */
const holds = (value: number): boolean => value !== 0 && !Number.isNaN(value);

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

/** Operators of one part, by mathjs's names. */
const UNARY: Readonly<Record<string, (part: Compiled) => Compiled>> = {
  unaryMinus: (part) => (v) => -part(v),
  unaryPlus: (part) => part,
  not: (part) => (v) => holds(part(v)) ? 0 : 1,
};

/** Operators of two parts. */
const BINARY: Readonly<Record<string, (a: Compiled, b: Compiled) => Compiled>> = {
  add: (a, b) => (v) => a(v) + b(v),
  subtract: (a, b) => (v) => a(v) - b(v),
  multiply: (a, b) => (v) => a(v) * b(v),
  divide: (a, b) => (v) => a(v) / b(v),
  pow: (a, b) => (v) => Math.pow(a(v), b(v)),
  // Never negative for a positive divisor, and what it was for 0, as mathjs has it.
  mod: (a, b) => (v) => { const [x, y] = [a(v), b(v)]; return y === 0 ? x : x - y * Math.floor(x / y); },
  smaller: (a, b) => (v) => a(v) < b(v) ? 1 : 0,
  larger: (a, b) => (v) => a(v) > b(v) ? 1 : 0,
  smallerEq: (a, b) => (v) => a(v) <= b(v) ? 1 : 0,
  largerEq: (a, b) => (v) => a(v) >= b(v) ? 1 : 0,
  equal: (a, b) => (v) => a(v) === b(v) ? 1 : 0,
  unequal: (a, b) => (v) => a(v) !== b(v) ? 1 : 0,
  and: (a, b) => (v) => holds(a(v)) && holds(b(v)) ? 1 : 0,
  or: (a, b) => (v) => holds(a(v)) || holds(b(v)) ? 1 : 0,
};

const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI, Infinity };

/** Longer ones belong into a module. */
const MAX_LENGTH = 1000;

/** Functions and constants of an expression, for the documentation. */
export const EXPRESSION_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS);

/**
 * Reads an expression in mathjs's syntax and compiles it, once. Everything that is not on the lists is refused: other names and functions,
 * assignments, definitions, several statements, texts, matrices, ranges, units, access to properties and indices. What is left has no loops and
 * reaches nothing but its variables: mathjs reads the text and evaluates none of it, the functions called are those of this file. (Evaluated by mathjs,
 * whose operators look at their arguments' types at each call, a plan's population took up to ten times as long.)
 *
 * mathjs is loaded here and not before, in its build for plain numbers.
 *
 * @param allowed the variables it may have. @throws Error with one line naming the part that is refused.
 */
export async function compileExpression(source: string, allowed: readonly string[]): Promise<Expression> {
  if (source.length > MAX_LENGTH) throw new Error(`it has ${source.length} characters, at most ${MAX_LENGTH} are read: write a module`);
  // The types of the build for numbers are not declared; its parser is that of the whole library.
  const { parse } = await import("mathjs/number") as Pick<typeof import("mathjs"), "parse">;
  let root: MathNode;
  try {
    root = parse(source);
  } catch (error) {
    throw new Error(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const variables: string[] = [];
  return { variables, evaluate: compile(root, allowed, variables) };
}

/** Turns a node into a function, or refuses it. @param variables collects the names that occur, in the order of their values. */
function compile(node: MathNode, allowed: readonly string[], variables: string[]): Compiled {
  const compiled = (part: MathNode): Compiled => compile(part, allowed, variables);
  switch (node.type) {
    case "ConstantNode": {
      const value: unknown = (node as ConstantNode).value;
      if (typeof value !== "number" && typeof value !== "boolean") throw new Error(`${shown(node)} is not a number`);
      const number = Number(value);
      if (Number.isNaN(number)) throw new Error("NaN is not a number");
      return () => number;
    }
    case "SymbolNode": {
      const { name } = node as SymbolNode;
      if (Object.hasOwn(CONSTANTS, name)) {
        const constant = CONSTANTS[name]!;
        return () => constant;
      }
      if (!allowed.includes(name)) {
        throw new Error(Object.hasOwn(FUNCTIONS, name) ? `${name} is a function: call it` : `${name} is not known; the names are ${allowed.join(", ")}, pi`);
      }
      if (!variables.includes(name)) variables.push(name);
      const index = variables.indexOf(name);
      return (values) => values[index]!;
    }
    case "ParenthesisNode":
      return compiled((node as ParenthesisNode).content);
    case "OperatorNode": {
      const { op, fn, args, implicit } = node as OperatorNode;
      if (implicit) throw new Error(`${shown(node)} has no operator between its parts: write *`);
      const operators = args.length === 1 ? UNARY : BINARY;
      if (!Object.hasOwn(operators, fn)) throw new Error(`the operator ${String(op)} is not allowed`);
      const [first, second] = args.map(compiled) as [Compiled, Compiled];
      return args.length === 1 ? UNARY[fn]!(first) : BINARY[fn]!(first, second);
    }
    case "ConditionalNode": {
      const { condition, trueExpr, falseExpr } = node as ConditionalNode;
      const [whether, yes, no] = [compiled(condition), compiled(trueExpr), compiled(falseExpr)];
      return (values) => holds(whether(values)) ? yes(values) : no(values);
    }
    case "RelationalNode": {
      const { conditionals, params } = node as RelationalNode & { conditionals: string[] };
      const parts = params.map(compiled);
      const relations = conditionals.map((name, i) => BINARY[name]!(parts[i]!, parts[i + 1]!));
      return (values) => relations.every((relation) => relation(values) !== 0) ? 1 : 0;
    }
    case "FunctionNode": {
      const { fn, args } = node as FunctionNode;
      const called: MathNode = fn;
      const name = called.type === "SymbolNode" ? (called as SymbolNode).name : shown(called);
      // Not `in`: an object has names of its own, such as constructor.
      const known = called.type === "SymbolNode" && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (known === undefined) throw new Error(`${name}() is not a function here; there are ${EXPRESSION_FUNCTIONS.join(", ")}`);
      const [call, least, most] = known;
      if (args.length < least || args.length > most) {
        throw new Error(`${name}() takes ${least === most ? least : `${least} to ${most}`} arguments, not ${args.length}`);
      }
      return calling(call, args.map(compiled));
    }
    default:
      throw new Error(`${shown(node)} is not allowed (${(node).type.replace(/Node$/, "")}): only numbers, names, operators and functions are`);
  }
}

/** A call without a list of arguments where there are few. */
function calling(call: (...values: number[]) => number, args: readonly Compiled[]): Compiled {
  const [a, b, c] = args as readonly [Compiled, Compiled, Compiled];
  switch (args.length) {
    case 1:
      return (v) => call(a(v));
    case 2:
      return (v) => call(a(v), b(v));
    case 3:
      return (v) => call(a(v), b(v), c(v));
    default:
      return (v) => call(...args.map((arg) => arg(v)));
  }
}

/** A piece of the source as mathjs writes it, short. */
function shown(node: MathNode): string {
  const text = node.toString().replace(/\s+/g, " ");
  return `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}
