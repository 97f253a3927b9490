import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, trainingPrefix } from "./paths.mjs";
import { findPython } from "./python.mjs";
import { run, say, SetupError } from "./shell.mjs";
import { clearStamp, fingerprint, isFresh, writeStamp } from "./stamp.mjs";

const REQUIREMENTS = join(projectRoot, "training", "requirements.txt");
const STAMP = join(trainingPrefix, ".made-from");

export const trainingPython = join(trainingPrefix, "bin", "python");

/** The PyTorch environment in .env-training. Only training, export and their tests need it. */
export function ensureTraining() {
  if (!existsSync(REQUIREMENTS)) {
    throw new SetupError("training/requirements.txt is missing");
  }
  const wanted = fingerprint(trainingPrefix, readFileSync(REQUIREMENTS, "utf8"));
  if (isFresh(STAMP, wanted)) {
    return;
  }
  const python = findPython([11, 12, 13], "training");
  clearStamp(STAMP);
  if (!existsSync(trainingPython)) {
    rmSync(trainingPrefix, { recursive: true, force: true });
    run(python, ["-m", "venv", trainingPrefix], { advice: `cannot make a virtual environment with ${python}` });
  }
  say("installing PyTorch and the training tools into .env-training (large; once)");
  run(trainingPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS], {
    advice: "cannot install training/requirements.txt: is there a network and a package index?",
  });
  writeStamp(STAMP, wanted);
}
