import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { createRequire } from "node:module";
import { projectRoot } from "./paths.mjs";
import { probe, run, say, SetupError } from "./shell.mjs";
import { clearStamp, fingerprint, isFresh, writeStamp } from "./stamp.mjs";

const MODULES = join(projectRoot, "node_modules");
const RCLNODEJS = join(MODULES, "rclnodejs");
const BUILD_STAMP = join(RCLNODEJS, ".jepa-mpc-build");
const MESSAGES_STAMP = join(RCLNODEJS, ".jepa-mpc-messages");

/** Installs what package-lock.json names. Install scripts stay off (.npmrc): the one that matters runs in ensureRclnodejs. */
export function ensureNodePackages() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 20)) {
    throw new SetupError(`Node.js 20.20 or newer is needed, this is ${process.versions.node}`);
  }
  if (packagesMatchLock()) {
    return;
  }
  const clean = !existsSync(MODULES) && existsSync(join(projectRoot, "package-lock.json"));
  say("installing the Node packages");
  run("npm", [clean ? "ci" : "install", "--ignore-scripts", "--no-audit", "--no-fund", "--include=optional", "--include=dev"], {
    cwd: projectRoot,
    env: { ...process.env, npm_config_yes: "true", ONNXRUNTIME_NODE_INSTALL: "skip" },
    advice: "cannot install the Node packages: is there a network?",
  });
}

/** Every package of the lock file is there in its version; optional ones (for other platforms) may be missing, but not our own. */
function packagesMatchLock() {
  const lock = readPackages(join(projectRoot, "package-lock.json"));
  const installed = readPackages(join(MODULES, ".package-lock.json"));
  if (lock === undefined || installed === undefined || !manifestMatchesLock(lock[""])) {
    return false;
  }
  return Object.entries(lock).every(([path, wanted]) => {
    if (path === "") {
      return true;
    }
    const found = installed[path];
    if (found === undefined) {
      return wanted.optional === true && lock[""]?.optionalDependencies?.[path.replace("node_modules/", "")] === undefined;
    }
    return found.version === wanted.version && existsSync(join(projectRoot, path));
  });
}

function manifestMatchesLock(rootEntry) {
  const manifest = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
  return ["dependencies", "devDependencies", "optionalDependencies"].every((kind) => {
    const sorted = (record) => JSON.stringify(Object.entries(record ?? {}).sort());
    return sorted(manifest[kind]) === sorted(rootEntry?.[kind]);
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Builds rclnodejs for this ROS and this Node, and generates its message classes. */
export function ensureRclnodejs(ros, rosFingerprint) {
  if (!existsSync(RCLNODEJS)) {
    throw new SetupError("rclnodejs is not installed: run npm install again");
  }
  const env = buildEnvironment(ros.env);
  const { version } = JSON.parse(readFileSync(join(RCLNODEJS, "package.json"), "utf8"));
  const build = fingerprint(version, process.versions.modules, process.arch, ros.kind, ros.distro, rosFingerprint);
  const binary = join(RCLNODEJS, "build", "Release", "rclnodejs.node");
  // A prebuilt binary is mirrored into build/ by rclnodejs itself when first loaded, so only a source build must be seen there.
  const prebuilt = hasPrebuilt(env);
  if (!isFresh(BUILD_STAMP, build) || (!prebuilt && !existsSync(binary))) {
    refuseLinkedModules();
    clearStamp(BUILD_STAMP);
    rmSync(join(RCLNODEJS, "build"), { recursive: true, force: true });
    if (!prebuilt) {
      buildRclnodejs(env);
    }
    writeStamp(BUILD_STAMP, build);
  }

  const messages = fingerprint(build, env.AMENT_PREFIX_PATH, interfacePackages(env.AMENT_PREFIX_PATH));
  if (!isFresh(MESSAGES_STAMP, messages) || !existsSync(join(RCLNODEJS, "generated"))) {
    refuseLinkedModules();
    clearStamp(MESSAGES_STAMP);
    say("generating the message classes (about 10 s)");
    rmSync(join(RCLNODEJS, "generated"), { recursive: true, force: true });
    const said = run(process.execPath, [join("scripts", "generate_messages.cjs")], {
      cwd: RCLNODEJS, env: { ...env, AMENT_PREFIX_PATH: forGenerator(env.AMENT_PREFIX_PATH) }, advice: "rclnodejs cannot generate its message classes",
    });
    if (!existsSync(join(RCLNODEJS, "generated", "std_msgs"))) {
      throw new SetupError(`rclnodejs generated no message classes:\n  ${said.trim().split("\n").slice(-3).join("\n  ")}`);
    }
    writeStamp(MESSAGES_STAMP, messages);
  }
}

/** rclnodejs keeps its build and its message classes in its own folder: through a link they would be another checkout's. */
function refuseLinkedModules() {
  if (lstatSync(MODULES).isSymbolicLink()) {
    throw new SetupError(`${MODULES} is a link, and rclnodejs would have to be built anew for this checkout in the folder it leads to: make it a copy, or remove it, and run again`);
  }
}

/** The generator leaves out the messages of a prefix that lies right in a folder called "action". The same prefix by another name. */
function forGenerator(amentPrefixPath) {
  return amentPrefixPath.split(delimiter).map((prefix) => (basename(dirname(prefix)) === "action" ? `${prefix}/.` : prefix)).join(delimiter);
}

function buildRclnodejs(env) {
  for (const [tool, args, packages] of [["gcc", ["--version"], "build-essential"], ["g++", ["--version"], "build-essential"], ["make", ["--version"], "build-essential"], ["python3", ["--version"], "python3"]]) {
    if (probe(tool, args, { env }) === undefined) {
      throw new SetupError(`building rclnodejs needs ${tool} (Debian, Ubuntu: apt-get install ${packages})`);
    }
  }
  say("building rclnodejs for this ROS 2 (about a minute; once)");
  const nodeGyp = createRequire(join(RCLNODEJS, "package.json")).resolve("node-gyp/bin/node-gyp.js");
  mkdirSync(join(RCLNODEJS, "build"), { recursive: true });
  run(process.execPath, [nodeGyp, "-j", String(Math.min(4, availableParallelism())), "rebuild"], {
    cwd: RCLNODEJS,
    env,
    advice: "rclnodejs does not build (needs a C++ compiler, the ROS 2 headers and Node's headers)",
  });
}

/** Node's headers beside the node binary, where they lie in most installations; else node-gyp downloads them. */
function buildEnvironment(rosEnv) {
  const env = { ...rosEnv, npm_config_yes: "true" };
  const beside = join(dirname(dirname(process.execPath)), "include", "node", "node.h");
  if (env.npm_config_nodedir === undefined && existsSync(beside)) {
    env.npm_config_nodedir = dirname(dirname(dirname(beside)));
  }
  return env;
}

function hasPrebuilt(env) {
  const script = `process.exit(require("./scripts/install.cjs").checkPrebuiltBinary() ? 0 : 1)`;
  return probe(process.execPath, ["-e", script], { cwd: RCLNODEJS, env }) !== undefined;
}

function interfacePackages(amentPrefixPath) {
  return (amentPrefixPath ?? "").split(":").flatMap((prefix) => {
    const index = join(prefix, "share", "ament_index", "resource_index", "rosidl_interfaces");
    const ownPackage = join(prefix, "share", "jepa_mpc_msgs", "action", "ReachGoalImage.action");
    // Of the others the names do; this one changes with the checkout.
    return [...(existsSync(index) ? readdirSync(index).sort() : []), ...(existsSync(ownPackage) ? [readFileSync(ownPackage, "utf8")] : [])];
  });
}
