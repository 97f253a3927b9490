import { userDataFolder } from "../folders/user-data-folder.js";

/** Where memory is kept: the option, `$JEPA_MPC_MEMORY`, or the user's data folder. */
export function memoryDir(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  return userDataFolder("memory", "JEPA_MPC_MEMORY", option, env);
}
