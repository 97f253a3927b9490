import { homedir } from "node:os";
import { join } from "node:path";

/** Where latents of experience are kept: the user's cache folder as freedesktop.org names it. What is there can be made again. */
export function experienceCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env["XDG_CACHE_HOME"];
  return join(cache !== undefined && cache !== "" ? cache : join(homedir(), ".cache"), "jepa-mpc", "experience");
}
