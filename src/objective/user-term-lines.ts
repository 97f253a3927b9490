/** What a user's term is made of, from one line of a parameter. */
export interface UserTermLine {
  readonly name: string;
  readonly weight: number;
  /** An expression, or a module's path. */
  readonly text: string;
}

/** Statistics and status values carry these names. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;
/** More would be a program, not a parameter. */
const MAX_LINES = 32;

/**
 * Reads `name: weight: text` lines, separated by line ends or semicolons. Empty lines and lines that begin with # are left out.
 *
 * @param parameter what to call the text in a refusal. @param what what the third part is, for the refusal.
 * @throws Error with one line: the parameter, the line, what belongs there.
 */
export function userTermLines(parameter: string, text: string, what: string): UserTermLine[] {
  const lines = text.split(/[\n;]/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > MAX_LINES) throw new Error(`parameter ${parameter} has ${lines.length} lines: at most ${MAX_LINES}`);
  const parsed = lines.map((line) => {
    const parts = /^([^:]*):([^:]*):(.*)$/.exec(line);
    if (parts === null) throw new Error(`parameter ${parameter}: "${line}" is not of the form name: weight: ${what}`);
    const [name, given, rest] = [parts[1]!.trim(), parts[2]!.trim(), parts[3]!.trim()];
    if (!NAME.test(name)) throw new Error(`parameter ${parameter}: "${name}" is no name for a term: use lower-case letters, digits and _, a letter first, at most 40`);
    const weight = given === "" ? NaN : Number(given);
    if (!(weight >= 0 && Number.isFinite(weight))) throw new Error(`parameter ${parameter}: the weight of ${name} is "${given}": write a number of at least 0`);
    if (rest === "") throw new Error(`parameter ${parameter}: ${name} has no ${what}`);
    return { name, weight, text: rest };
  });
  const twice = parsed.find(({ name }, i) => parsed.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new Error(`parameter ${parameter} names "${twice.name}" twice`);
  return parsed;
}
