import { join } from "node:path";
import { benchPrefix, projectRoot } from "./paths.mjs";
import { ensurePythonEnv } from "./python-env.mjs";

/** The environment in .env-bench with the planners of others. Only bench/peers needs it. */
export function ensureBench() {
  ensurePythonEnv({ prefix: benchPrefix, requirements: join(projectRoot, "bench", "requirements.txt"), what: "bench", contents: "PyTorch and the peers' planners" });
}
