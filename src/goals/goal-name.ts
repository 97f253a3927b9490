/** A letter or digit first: no hidden folders, no "..", nothing that looks like an option. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isGoalName(name: string): boolean {
  return NAME.test(name);
}

/**
 * @returns the name itself.
 * @throws Error with one line saying which names are allowed.
 */
export function checkGoalName(name: string): string {
  if (!isGoalName(name)) {
    const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
    throw new Error(`goal name ${shown} is not allowed; use 1 to 64 letters, digits, ".", "_" or "-", the first a letter or digit`);
  }
  return name;
}
