import { probe, SetupError } from "./shell.mjs";

/** A CPython of one of the wanted minor versions that can make virtual environments. JEPA_MPC_PYTHON names one explicitly. */
export function findPython(minors, what) {
  const names = [...minors.map((minor) => `python3.${minor}`), "python3"];
  const asked = process.env.JEPA_MPC_PYTHON;
  if (asked !== undefined && asked !== "") {
    names.unshift(asked);
  }
  let withoutVenv;
  for (const name of names) {
    const version = probe(name, ["-c", "import sys; print(sys.version_info[0], sys.version_info[1])"]);
    const [major, minor] = (version ?? "").split(" ").map(Number);
    if (major !== 3 || !minors.includes(minor)) {
      continue;
    }
    if (probe(name, ["-c", "import venv, ensurepip"]) !== undefined) {
      return name;
    }
    withoutVenv ??= { name, minor };
  }
  if (withoutVenv !== undefined) {
    throw new SetupError(`${withoutVenv.name} has no venv module: install it (Debian, Ubuntu: apt-get install python3.${withoutVenv.minor}-venv)`);
  }
  const versions = minors.map((minor) => `3.${minor}`).join(", ");
  throw new SetupError(`${what} needs CPython ${versions}: install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv), or name it in JEPA_MPC_PYTHON`);
}
