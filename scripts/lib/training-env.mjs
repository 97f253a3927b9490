import { join } from "node:path";
import { projectRoot, trainingPrefix } from "./paths.mjs";
import { ensurePythonEnv, pythonOf } from "./python-env.mjs";

export const trainingPython = pythonOf(trainingPrefix);

/** The PyTorch environment in .env-training. Only training, export and their tests need it. */
export function ensureTraining() {
  ensurePythonEnv({ prefix: trainingPrefix, requirements: join(projectRoot, "training", "requirements.txt"), what: "training", contents: "PyTorch and the training tools" });
}
