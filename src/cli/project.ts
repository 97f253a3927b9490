import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This program's own folder: the nearest one above with its package.json. Compiled code may lie at any depth under it. */
export const PROJECT_ROOT = findRoot();

/** As package.json says. */
export function projectVersion(): string {
  return (JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8")) as { version: string }).version;
}

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown }).name === "jepa-mpc") {
      return folder;
    }
    const above = dirname(folder);
    if (above === folder) {
      throw new Error(`package.json of jepa-mpc was not found above ${fileURLToPath(import.meta.url)}; the installation is incomplete`);
    }
    folder = above;
  }
}
