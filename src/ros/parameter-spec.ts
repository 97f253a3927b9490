/**
 * A node's parameters as data. From one such list come the declaration, the checks with their reasons, the typed values
 * and the table in the documentation.
 */

interface Common<T> {
  readonly default: T;
  /** One sentence; the unit is in it where there is one. */
  readonly description: string;
  /**
   * `dynamic` values may be set at any time and apply from the next control step.
   * `static` ones are read when the node configures and can only be set before.
   */
  readonly changes: "static" | "dynamic";
}

export interface BoolSpec extends Common<boolean> {
  readonly type: "bool";
}
export interface IntegerSpec extends Common<number> {
  readonly type: "integer";
  /** Inclusive. */
  readonly range?: readonly [low: number, high: number];
}
export interface DoubleSpec extends Common<number> {
  readonly type: "double";
  /** Inclusive. */
  readonly range?: readonly [low: number, high: number];
}
export interface StringSpec extends Common<string> {
  readonly type: "string";
  readonly choices?: readonly string[];
}
export interface StringArraySpec extends Common<readonly string[]> {
  readonly type: "string_array";
}

export interface DoubleArraySpec extends Common<readonly number[]> {
  readonly type: "double_array";
  /** How many numbers it must have; left out: any number of them. */
  readonly length?: number;
}

export type ParameterSpec = BoolSpec | IntegerSpec | DoubleSpec | StringSpec | StringArraySpec | DoubleArraySpec;
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;
export type ParameterValue = boolean | number | string | readonly string[] | readonly number[];

type ValueOf<S extends ParameterSpec> =
  S extends BoolSpec ? boolean : S extends StringSpec ? string : S extends StringArraySpec ? readonly string[]
  : S extends DoubleArraySpec ? readonly number[] : number;

/** The values of a list of parameters, by name, each with its own type. */
export type ParameterValues<S extends ParameterSpecs> = { readonly [Name in keyof S]: ValueOf<S[Name]> };

export type Checked = { readonly ok: true; readonly value: ParameterValue } | { readonly ok: false; readonly reason: string };

/**
 * Judges a value for a parameter. Whole numbers given for doubles are taken (`-p x:=1`), nothing else is converted.
 *
 * @returns the value as the node keeps it, or the reason in one sentence that names parameter, value and what is allowed.
 */
export function checkParameter(name: string, spec: ParameterSpec, given: unknown): Checked {
  switch (spec.type) {
    case "bool":
      return typeof given === "boolean" ? { ok: true, value: given } : wrongType(name, spec, given);
    case "integer": {
      const value = typeof given === "bigint" ? Number(given) : given;
      return typeof value === "number" && Number.isSafeInteger(value) ? checkRange(name, spec, value) : wrongType(name, spec, given);
    }
    case "double": {
      const value = typeof given === "bigint" ? Number(given) : given;
      if (typeof value !== "number") {
        return wrongType(name, spec, given);
      }
      return Number.isFinite(value) ? checkRange(name, spec, value) : { ok: false, reason: `${name} must be a finite number, not ${value}` };
    }
    case "string":
      if (typeof given !== "string") {
        return wrongType(name, spec, given);
      }
      if (spec.choices !== undefined && !spec.choices.includes(given)) {
        return { ok: false, reason: `${name} must be one of ${spec.choices.join(", ")}, not "${given}"` };
      }
      return { ok: true, value: given };
    case "string_array": {
      if (!Array.isArray(given) || given.length === 0 || !given.every((entry) => typeof entry === "string" && entry !== "")) {
        return wrongType(name, spec, given);
      }
      const names = given as string[];
      const twice = names.find((entry, at) => names.indexOf(entry) !== at);
      return twice === undefined ? { ok: true, value: [...names] } : { ok: false, reason: `${name} names "${twice}" twice` };
    }
    case "double_array": {
      const numbers = Array.isArray(given) ? given.map((entry: unknown) => typeof entry === "bigint" ? Number(entry) : entry) : undefined;
      if (numbers === undefined || numbers.length === 0 || !numbers.every((entry) => typeof entry === "number" && Number.isFinite(entry))) {
        return wrongType(name, spec, given);
      }
      if (spec.length !== undefined && numbers.length !== spec.length) {
        return { ok: false, reason: `${name} must have ${spec.length} numbers, not ${numbers.length}` };
      }
      return { ok: true, value: numbers as number[] };
    }
  }
}

function checkRange(name: string, spec: IntegerSpec | DoubleSpec, value: number): Checked {
  if (spec.range !== undefined && (value < spec.range[0] || value > spec.range[1])) {
    return { ok: false, reason: `${name} must lie in ${spec.range[0]} to ${spec.range[1]}, not ${value}` };
  }
  return { ok: true, value };
}

function wrongType(name: string, spec: ParameterSpec, given: unknown): Checked {
  const wanted = spec.type === "string_array" ? "a list of at least one non-empty string"
    : spec.type === "double_array" ? "a list of at least one finite number" : `of type ${spec.type}`;
  return { ok: false, reason: `${name} must be ${wanted}, not ${describe(given)}` };
}

function describe(given: unknown): string {
  if (given === undefined || given === null) {
    return "unset";
  }
  return Array.isArray(given) ? `[${given.map(String).join(", ")}]` : (typeof given === "string" ? `"${given}"` : String(given));
}
