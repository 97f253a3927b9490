import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * A folder of this program's data: as the option says, else as the environment's variable does, else `jepa-mpc/<name>` in the user's data folder as freedesktop.org names it.
 * Empty options and variables count as left out.
 */
export function userDataFolder(name: string, variable: string, option: string | undefined, env: NodeJS.ProcessEnv): string {
  const given = [option, env[variable]].find((folder) => folder !== undefined && folder !== "");
  if (given !== undefined) return resolve(given);
  const data = env["XDG_DATA_HOME"];
  return join(data !== undefined && data !== "" ? data : join(homedir(), ".local", "share"), "jepa-mpc", name);
}
