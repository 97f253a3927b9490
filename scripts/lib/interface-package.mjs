import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedPrefix, projectRoot } from "./paths.mjs";
import { embeddedEnvironment } from "./ros-env.mjs";
import { probe, run, say } from "./shell.mjs";
import { clearStamp, fingerprint, isFresh, writeStamp } from "./stamp.mjs";

const PACKAGE = "jepa_mpc_msgs";
const SOURCE = join(projectRoot, "msgs");
const REQUIREMENTS = join(projectRoot, "scripts", "ros-build-requirements.txt");
const STAMP = join(embeddedPrefix, `.${PACKAGE}-made-from`);
// Raise when the building below changes.
const RECIPE = "1";

/**
 * Builds msgs/ into the embedded ROS 2, unless it is there already. (In a workspace of a sourced one colcon builds it, as any
 * package.) Where the tools for it are missing, that is said in one line and the controller runs without its action.
 */
export function ensureInterfacePackage(rosFingerprint) {
  const wanted = fingerprint(RECIPE, rosFingerprint, readFileSync(REQUIREMENTS, "utf8"), sourceText());
  if (isFresh(STAMP, wanted)) {
    return;
  }
  const missing = missingTool();
  if (missing !== undefined) {
    say(`without the action ~/reach_goal_image: building ${PACKAGE} needs ${missing}; install it and run this again`);
    return;
  }
  clearStamp(STAMP);
  removeOld();
  say(`building the interface package ${PACKAGE} (about half a minute; once)`);
  // The build tools are of no use afterwards.
  const work = mkdtempSync(join(tmpdir(), "jepa-mpc-msgs-"));
  try {
    build(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  writeStamp(STAMP, wanted);
}

function build(work) {
  const tools = join(work, "tools");
  const advice = `cannot build ${PACKAGE}`;
  run(python(), ["-m", "pip", "install", "--quiet", "--no-deps", "--ignore-installed", "--disable-pip-version-check", "--prefix", tools, "-r", REQUIREMENTS], {
    advice: "cannot install the wheels of ament_cmake: is there a network and a package index?",
  });
  mendPythonPaths();
  const version = readdirSync(join(tools, "lib")).find((name) => name.startsWith("python3."));
  const env = { ...embeddedEnvironment(), PYTHONPATH: join(tools, "lib", version, "site-packages") };
  const folder = join(work, "build");
  run("cmake", [
    "-S", SOURCE, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF",
    `-DCMAKE_PREFIX_PATH=${tools};${embeddedPrefix}`, `-DCMAKE_INSTALL_PREFIX=${embeddedPrefix}`, `-DPython3_EXECUTABLE=${python()}`,
  ], { env, advice });
  run("cmake", ["--build", folder, "--parallel", String(Math.min(4, availableParallelism()))], { env, advice });
  run("cmake", ["--install", folder], { env, advice });
}

/** The wheels' CMake files name the headers of the machine that built the wheels. */
function mendPythonPaths() {
  const share = join(embeddedPrefix, "share");
  const pythonHeaders = probe(python(), ["-c", "import sysconfig; print(sysconfig.get_path('include'))"]);
  const numpyHeaders = probe(python(), ["-c", "import numpy; print(numpy.get_include())"]);
  for (const name of readdirSync(share)) {
    const folder = join(share, name, "cmake");
    for (const file of existsSync(folder) ? readdirSync(folder).filter((entry) => entry.endsWith(".cmake")) : []) {
      const text = readFileSync(join(folder, file), "utf8");
      const mended = text
        .replace(/\/opt\/python\/[^;" )]*\/numpy\/_core\/include/g, () => numpyHeaders)
        .replace(/\/opt\/python\/[^;" )]*\/include\/python3\.\d+/g, () => pythonHeaders);
      if (mended !== text) {
        writeFileSync(join(folder, file), mended);
      }
    }
  }
}

/** What an earlier build has left: a file that is not installed any more would be found all the same. */
function removeOld() {
  const sitePackages = readdirSync(join(embeddedPrefix, "lib")).filter((name) => name.startsWith("python3.")).map((name) => join("lib", name, "site-packages"));
  for (const folder of ["lib", "include", "share", join("share", "ament_index", "resource_index", "packages"), join("share", "ament_index", "resource_index", "rosidl_interfaces"), ...sitePackages]) {
    for (const name of existsSync(join(embeddedPrefix, folder)) ? readdirSync(join(embeddedPrefix, folder)) : []) {
      if (name.startsWith(PACKAGE) || name.startsWith(`lib${PACKAGE}`)) {
        rmSync(join(embeddedPrefix, folder, name), { recursive: true, force: true });
      }
    }
  }
}

/** In words, for people; undefined when all is there. */
function missingTool() {
  for (const tool of ["cmake", "make", "gcc", "g++"]) {
    if (probe(tool, ["--version"]) === undefined) {
      return tool;
    }
  }
  const headers = probe(python(), ["-c", "import sysconfig; print(sysconfig.get_path('include'))"]) ?? "";
  return existsSync(join(headers, "Python.h")) ? undefined : "Python's headers (Debian, Ubuntu: apt-get install python3-dev)";
}

function sourceText() {
  return ["package.xml", "CMakeLists.txt", ...readdirSync(join(SOURCE, "action")).sort().map((name) => join("action", name))]
    .map((name) => `${name}\n${readFileSync(join(SOURCE, name), "utf8")}`);
}

function python() {
  return join(embeddedPrefix, "bin", "python");
}
