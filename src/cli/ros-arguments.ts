/** One `-p` override. Numbers are written so that ROS takes them for the type meant: 1.0 is a double, 1 an integer. */
export type RosParameter =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly double: number }
  | { readonly name: string; readonly integer: number }
  | { readonly name: string; readonly truth: boolean }
  | { readonly name: string; readonly texts: readonly string[] }
  | { readonly name: string; readonly doubles: readonly number[] };

/**
 * Arguments of a node: the parameter file, then our overrides, then what the user wrote behind `--`, so that the user has the last word.
 *
 * @returns everything behind the program's name, beginning with `--ros-args`.
 */
export function rosArguments(paramsFile: string | undefined, parameters: readonly RosParameter[], rest: readonly string[]): string[] {
  return [
    "--ros-args",
    ...(paramsFile === undefined ? [] : ["--params-file", paramsFile]),
    ...parameters.flatMap((parameter) => ["-p", `${parameter.name}:=${valueText(parameter)}`]),
    // A second --ros-args is allowed, but a "--" of the user would end ours.
    ...rest.filter((argument, i) => !(i === 0 && argument === "--ros-args")),
  ];
}

function valueText(parameter: RosParameter): string {
  if ("text" in parameter) return yamlText(parameter.text);
  if ("texts" in parameter) return `[${parameter.texts.map(yamlText).join(", ")}]`;
  if ("doubles" in parameter) return `[${parameter.doubles.map(doubleText).join(", ")}]`;
  if ("truth" in parameter) {
    return String(parameter.truth);
  }
  if ("integer" in parameter) {
    return String(parameter.integer);
  }
  return doubleText(parameter.double);
}

/** The value is read as YAML; what could mean something there is put in quotes. */
function yamlText(text: string): string {
  return /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function doubleText(double: number): string {
  return Number.isInteger(double) ? double.toFixed(1) : String(double);
}

/**
 * Starts a node's main file in this process: then signals reach the node itself, and no killed wrapper leaves a node behind
 * that goes on commanding a robot.
 */
export async function startNode(main: URL, rosArgs: readonly string[]): Promise<void> {
  process.argv = [process.execPath, main.pathname, ...rosArgs];
  await import(main.href);
}
