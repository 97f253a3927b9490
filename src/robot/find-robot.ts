import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FR3 } from "./fr3.js";
import { type RobotDescription, parseRobotDescription } from "./robot-description.js";

/** A robot by its description, with the files that it names. */
export interface Robot {
  readonly description: RobotDescription;
  /** Absolute. */
  readonly urdfFile: string;
  readonly urdf: string;
  /** Absolute; undefined where there are no keep-out zones. */
  readonly keepOutFile: string | undefined;
}

/**
 * Finds a robot: `fr3`, which is built in; another name, which is a file of `config/robots/`; or the path of a description.
 *
 * @throws Error with one line when there is none, or it or its URDF cannot be read.
 */
export function findRobot(nameOrFile: string): Robot {
  const root = installation();
  if (nameOrFile === FR3.name) return load(FR3, root, root);
  const file = /[/.]/.test(nameOrFile) ? resolve(nameOrFile) : join(root, "config", "robots", `${nameOrFile}.json`);
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`robot "${nameOrFile}": ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}); give a name of config/robots/, or the path of a description (docs/your-own-robot.md)`, { cause });
  }
  return load(parseRobotDescription(json, file), dirname(file), root);
}

function load(description: RobotDescription, beside: string, root: string): Robot {
  const urdfFile = locate(description.urdf, "urdf");
  return {
    description, urdfFile, urdf: readFileSync(urdfFile, "utf8"),
    keepOutFile: description.keep_out_file === undefined ? undefined : locate(description.keep_out_file, "keep_out_file"),
  };

  function locate(path: string, field: string): string {
    const places = isAbsolute(path) ? [path] : [join(beside, path), join(root, path)];
    const found = places.find((place) => existsSync(place));
    if (found === undefined) throw new Error(`robot ${description.name}: ${field} "${path}" does not exist (looked at ${places.join(" and ")})`);
    return found;
  }
}

/** The folder that has `urdf/`, wherever the package is installed and whether this is compiled or not. */
function installation(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "urdf")) && existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) throw new Error("the folder urdf/ is missing from the installation; install the package again");
  }
}
