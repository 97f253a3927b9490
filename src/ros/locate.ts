import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The file or folder a parameter names: as it is when absolute, else in the working directory, else in the installation.
 *
 * @throws Error with one line that names the places looked at.
 */
export function locate(what: string, path: string): string {
  const places = isAbsolute(path) ? [path] : [resolve(path), join(installationRoot(), path)];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Error(`${what} "${path}" does not exist (looked at ${places.join(" and ")})`);
  }
  return found;
}

/** The folder with package.json: two up from the compiled src/ros, or one more when compiled into dist/. */
export function installationRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error("the installation of jepa-mpc has no package.json");
    }
    folder = parent;
  }
  return folder;
}
