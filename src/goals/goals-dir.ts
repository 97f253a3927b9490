import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where goals are kept: the option, `$JEPA_MPC_GOALS`, or the user's data folder as freedesktop.org names it. */
export function goalsDir(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  if (option !== undefined && option !== "") {
    return resolve(option);
  }
  const fromEnv = env["JEPA_MPC_GOALS"];
  if (fromEnv !== undefined && fromEnv !== "") {
    return resolve(fromEnv);
  }
  const data = env["XDG_DATA_HOME"];
  return join(data !== undefined && data !== "" ? data : join(homedir(), ".local", "share"), "jepa-mpc", "goals");
}
