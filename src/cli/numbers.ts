import { UsageError } from "./usage-error.js";

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/**
 * A number option, which yargs hands over as text so that "12abc" is not taken for 12 or for nothing.
 *
 * @param option as typed: "--timeout".
 * @throws UsageError naming the option, the value and what is allowed.
 */
export function parseNumber(option: string, text: string, range: NumberRange): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || value < range.min || value > range.max || (range.whole === true && !Number.isInteger(value))) {
    throw new UsageError(`${option} ${JSON.stringify(text)} is not a ${range.whole === true ? "whole number" : "number"} from ${range.min} to ${range.max}`);
  }
  return value;
}

/**
 * Numbers between commas.
 *
 * @throws UsageError naming the option and what is missing.
 */
export function parseNumbers(option: string, text: string, names: readonly string[]): Float32Array {
  const parts = text.split(",");
  if (parts.length !== names.length) {
    throw new UsageError(`${option} ${JSON.stringify(text)} has ${parts.length} values, ${names.length} are needed: ${names.join(",")}`);
  }
  return Float32Array.from(parts, (part, i) => parseNumber(`${option} (${names[i]!})`, part, { min: -1e6, max: 1e6 }));
}
