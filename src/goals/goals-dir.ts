import { userDataFolder } from "../folders/user-data-folder.js";

/** Where goals are kept: the option, `$JEPA_MPC_GOALS`, or the user's data folder. */
export function goalsDir(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  return userDataFolder("goals", "JEPA_MPC_GOALS", option, env);
}
