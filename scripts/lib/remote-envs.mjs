import { join } from "node:path";
import { projectRoot, rayPrefix, servingPrefix } from "./paths.mjs";
import { ensurePythonEnv } from "./python-env.mjs";

/** MLServer in .env-serving, for machines that serve models and for its tests. */
export function ensureServing() {
  ensurePythonEnv({ prefix: servingPrefix, requirements: join(projectRoot, "remote", "serving-requirements.txt"), minors: [11, 12, 10], what: "MLServer", contents: "MLServer" });
}

/** Ray in .env-ray, for evaluations on a cluster and for their tests. */
export function ensureRay() {
  ensurePythonEnv({ prefix: rayPrefix, requirements: join(projectRoot, "remote", "ray-requirements.txt"), what: "Ray", contents: "Ray" });
}
