import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { projectRoot } from "./paths.mjs";
import { findPython } from "./python.mjs";
import { run, say, SetupError } from "./shell.mjs";
import { clearStamp, fingerprint, isFresh, writeStamp } from "./stamp.mjs";

/** The Python of the virtual environment in `prefix`. */
export function pythonOf(prefix) {
  return join(prefix, "bin", "python");
}

/** A virtual environment in `prefix` with what `requirements` (a file) lists, made anew where one of the two has changed. @param minors of CPython 3 that will do. */
export function ensurePythonEnv({ prefix, requirements, what, contents, minors = [11, 12, 13] }) {
  const file = relative(projectRoot, requirements);
  if (!existsSync(requirements)) {
    throw new SetupError(`${file} is missing`);
  }
  const stamp = join(prefix, ".made-from");
  const wanted = fingerprint(prefix, readFileSync(requirements, "utf8"));
  if (isFresh(stamp, wanted)) {
    return;
  }
  const base = findPython(minors, what);
  clearStamp(stamp);
  if (!existsSync(pythonOf(prefix))) {
    rmSync(prefix, { recursive: true, force: true });
    run(base, ["-m", "venv", prefix], { advice: `cannot make a virtual environment with ${base}` });
  }
  say(`installing ${contents} into ${basename(prefix)} (large; once)`);
  run(pythonOf(prefix), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], {
    advice: `cannot install ${file}: is there a network and a package index?`,
  });
  writeStamp(stamp, wanted);
}
