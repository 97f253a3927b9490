import { spawn } from "node:child_process";
import { constants, existsSync, readFileSync } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { findBundleDir } from "./bundle-dir.js";
import { oneLine } from "./print.js";
import { PROJECT_ROOT } from "./project.js";

import type { InferenceOptions } from "../world-model/index.js";

export interface CheckResult {
  readonly name: string;
  readonly status: "OK" | "WARN" | "FAIL";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

type Check = () => CheckResult | Promise<CheckResult>;

export interface DoctorOptions {
  readonly bundle: string | undefined;
  readonly goalsDir: string | undefined;
  /** What runs the bundle's graphs instead of this machine. */
  readonly inference?: InferenceOptions | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const SETUP = "run npm run setup";

/** The checks in the order of what needs what. None of them throws. */
export function allChecks(options: DoctorOptions): Check[] {
  const env = options.env ?? process.env;
  return [
    () => checkNode(process.versions.node, engines()),
    () => checkRos(env),
    () => checkRmw(env),
    () => checkRclnodejs(env),
    () => checkDiscovery(env),
    () => checkPackage("onnxruntime", "onnxruntime-node", "const m = await import('onnxruntime-node'); new m.default.Tensor('float32', [0], [1])"),
    () => checkPackage("mujoco", "@mujoco/mujoco", "const m = await import('@mujoco/mujoco'); await m.default()"),
    () => checkPackage("pictures", "sharp", "const s = await import('sharp'); await s.default({ create: { width: 2, height: 2, channels: 3, background: '#000' } }).png().toBuffer()"),
    () => checkPackage("charts", "@resvg/resvg-js", "const r = await import('@resvg/resvg-js'); new r.Resvg('<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"2\" height=\"2\"/>').render()"),
    () => options.inference === undefined ? checkBundle(options.bundle, env) : checkServedBundle(options.bundle, options.inference, env),
    () => checkGoals(options.goalsDir),
    () => checkCpu(availableParallelism(), loadavg()[0] ?? 0),
    () => checkMemory(),
  ];
}

/** @param wanted as in package.json: ">=20.20". */
export function checkNode(version: string, wanted: string): CheckResult {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
  const have = numbers(version);
  const need = numbers(wanted);
  const difference = need.map((n, i) => (have[i] ?? 0) - n).find((d) => d !== 0) ?? 0;
  return difference < 0
    ? { name: "node", status: "FAIL", message: `Node.js ${version} is too old, ${wanted} is needed`, advice: "install a newer Node.js" }
    : { name: "node", status: "OK", message: `Node.js ${version} (${wanted} is needed)` };
}

export function checkRos(env: NodeJS.ProcessEnv): CheckResult {
  const name = "ros";
  const distro = env["ROS_DISTRO"] ?? "";
  const prefixes = (env["AMENT_PREFIX_PATH"] ?? "").split(delimiter).filter((prefix) => prefix !== "");
  if (distro === "" || prefixes.length === 0) {
    return existsSync(join(PROJECT_ROOT, ".env-ros", "setup.sh"))
      ? { name, status: "FAIL", message: "the embedded ROS 2 is built but not in this environment", advice: "start with bin/jepa-mpc, or first run: . .env-ros/setup.sh" }
      : { name, status: "FAIL", message: "no ROS 2: none is sourced and the embedded one is not built", advice: `source your ROS 2, or ${SETUP}` };
  }
  const missing = prefixes.filter((prefix) => !existsSync(prefix));
  if (missing.length > 0) {
    return { name, status: "FAIL", message: `AMENT_PREFIX_PATH names ${missing.join(", ")}, which does not exist`, advice: "source ROS 2 again in a new shell" };
  }
  const embedded = prefixes.includes(join(PROJECT_ROOT, ".env-ros"));
  return { name, status: "OK", message: `ROS 2 ${distro}, ${embedded ? "embedded" : "sourced"} (${prefixes.join(", ")})` };
}

export function checkRmw(env: NodeJS.ProcessEnv): CheckResult {
  const name = "rmw";
  const prefixes = (env["AMENT_PREFIX_PATH"] ?? "").split(delimiter).filter((prefix) => prefix !== "");
  if (prefixes.length === 0) {
    return { name, status: "WARN", message: "not checked: there is no ROS 2" };
  }
  const wanted = env["RMW_IMPLEMENTATION"] ?? "";
  const folders = [...prefixes.map((prefix) => join(prefix, "lib")), ...(env["LD_LIBRARY_PATH"] ?? "").split(delimiter).filter((folder) => folder !== "")];
  const has = (implementation: string): boolean => folders.some((folder) => existsSync(join(folder, `lib${implementation}.so`)));
  const known = ["rmw_fastrtps_cpp", "rmw_cyclonedds_cpp", "rmw_zenoh_cpp", "rmw_connextdds"].filter(has);
  if (wanted === "") {
    return known.length > 0
      ? { name, status: "OK", message: `the default of ROS 2 (installed: ${known.join(", ")})` }
      : { name, status: "FAIL", message: "no middleware of ROS 2 was found", advice: "install one, such as rmw_fastrtps_cpp" };
  }
  return has(wanted)
    ? { name, status: "OK", message: wanted }
    : { name, status: "FAIL", message: `RMW_IMPLEMENTATION is ${wanted}, but lib${wanted}.so was not found`, advice: known.length > 0 ? `set it to one of: ${known.join(", ")}` : "install it" };
}

/** Whether the binary loads is tried in another process: importing rclnodejs where it does not would destroy its build. */
async function checkRclnodejs(env: NodeJS.ProcessEnv): Promise<CheckResult> {
  const { hasInterfaces, whatIsWrongWithRos } = await import("../ros/environment.js");
  const wrong = whatIsWrongWithRos(env);
  if (wrong === undefined && !hasInterfaces("jepa_mpc_msgs")) {
    return {
      name: "rclnodejs", status: "WARN", message: "its binary loads, but jepa_mpc_msgs is not built for this ROS 2: the controller runs without its action",
      advice: `build msgs/ in your workspace (docs/ros.md), then ${SETUP}`,
    };
  }
  return wrong === undefined
    ? { name: "rclnodejs", status: "OK", message: "its binary loads and the message classes are there" }
    : { name: "rclnodejs", status: "FAIL", message: wrong };
}

export function checkDiscovery(env: NodeJS.ProcessEnv): CheckResult {
  const name = "discovery";
  const domain = env["ROS_DOMAIN_ID"] ?? "";
  const range = env["ROS_AUTOMATIC_DISCOVERY_RANGE"] ?? "";
  const localhostOnly = env["ROS_LOCALHOST_ONLY"] ?? "";
  if (domain !== "" && (!/^\d+$/.test(domain) || Number(domain) > 232)) {
    return { name, status: "FAIL", message: `ROS_DOMAIN_ID is ${JSON.stringify(domain)}`, advice: "set a whole number from 0 to 232 (to 101 is safe everywhere)" };
  }
  if (range !== "" && !["SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT"].includes(range)) {
    return { name, status: "FAIL", message: `ROS_AUTOMATIC_DISCOVERY_RANGE is ${JSON.stringify(range)}`, advice: "set SUBNET, LOCALHOST, OFF or SYSTEM_DEFAULT" };
  }
  const shown = `domain ${domain === "" ? "0 (default)" : domain}`;
  if (localhostOnly === "1" && range !== "" && range !== "LOCALHOST") {
    return { name, status: "WARN", message: `${shown}; ROS_LOCALHOST_ONLY=1 goes against ROS_AUTOMATIC_DISCOVERY_RANGE=${range}`, advice: "unset ROS_LOCALHOST_ONLY, which is deprecated" };
  }
  if (Number(domain) > 101) {
    return { name, status: "WARN", message: `${shown} takes ports that the system may give to others`, advice: "use a domain from 0 to 101" };
  }
  if (range === "OFF") {
    return { name, status: "WARN", message: `${shown}; discovery is off, nodes do not even find each other on this machine`, advice: "set ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST or SUBNET" };
  }
  const local = localhostOnly === "1" || range === "LOCALHOST";
  return { name, status: "OK", message: `${shown}, ${local ? "this machine only" : "all machines of the local network hear and are heard"}` };
}

/** Loads a package in another process and uses it, because a broken native part can end the process that loads it. */
async function checkPackage(name: string, packageName: string, program: string): Promise<CheckResult> {
  const tried = await runNode(program);
  if (tried !== undefined) {
    return { name, status: "FAIL", message: `${packageName} cannot be used (${tried})`, advice: SETUP };
  }
  return { name, status: "OK", message: `${packageName} ${installedVersion(packageName)}` };
}

/** @returns the first line of what went wrong, or undefined. */
function runNode(program: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", `${program}; process.exit(0)`], {
      cwd: PROJECT_ROOT, stdio: ["ignore", "ignore", "pipe"], timeout: 60_000,
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString("utf8"); });
    child.on("error", (error) => { resolve(oneLine(error)); });
    child.on("close", (code, signal) => {
      const line = stderr.split("\n").find((text) => /^\s*(\w*Error\b.*|.*Cannot find .*):?/.test(text))?.trim().replace(/^Error( \[\w+\])?: /, "");
      resolve(code === 0 ? undefined : (line ?? `the trial ended with ${signal ?? `code ${code}`}`));
    });
  });
}

function installedVersion(packageName: string): string {
  for (let folder = PROJECT_ROOT; ; folder = dirname(folder)) {
    const file = join(folder, "node_modules", packageName, "package.json");
    if (existsSync(file)) {
      return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
    }
    if (dirname(folder) === folder) {
      return "";
    }
  }
}

/** As checkBundle(), with the graphs of an inference server: each is run once. */
async function checkServedBundle(option: string | undefined, inference: InferenceOptions, env: NodeJS.ProcessEnv): Promise<CheckResult> {
  const name = "bundle";
  try {
    const dir = findBundleDir(option, env);
    const { OnnxWorldModel } = await import("../world-model/index.js");
    const begin = performance.now();
    const model = await OnnxWorldModel.load(dir, { inference });
    const took = performance.now() - begin;
    await model.close();
    const graphs = Object.keys(model.manifest.files).length;
    return { name, status: "OK", message: `${model.manifest.name} (${dir}), its ${graphs} graphs served by ${inference.server}: all have run (${took.toFixed(0)} ms)` };
  } catch (error) {
    return { name, status: "FAIL", message: oneLine(error), advice: "see docs/remote.md" };
  }
}

/** Loads the bundle as the controller would: fields, hashes and graphs are checked. */
async function checkBundle(option: string | undefined, env: NodeJS.ProcessEnv): Promise<CheckResult> {
  const name = "bundle";
  try {
    const dir = findBundleDir(option, env);
    const { OnnxWorldModel } = await import("../world-model/index.js");
    const model = await OnnxWorldModel.load(dir);
    await model.close();
    const { manifest } = model;
    return {
      name, status: "OK",
      message: `${manifest.name} (${dir}): pictures ${model.imageWidth}x${model.imageHeight}, latent ${model.latentDim}, horizon ${model.horizon} of ${manifest.action.period_s} s; hashes match`,
    };
  } catch (error) {
    return { name, status: "FAIL", message: oneLine(error) };
  }
}

async function checkGoals(option: string | undefined): Promise<CheckResult> {
  const name = "goals";
  try {
    const [{ goalsDir }, { GoalLibrary }] = await Promise.all([import("../goals/goals-dir.js"), import("../goals/goal-library.js")]);
    const library = new GoalLibrary(goalsDir(option));
    const entries = await library.list();
    const damaged = entries.filter((entry) => "problem" in entry).map((entry) => entry.name);
    if (damaged.length > 0) {
      return { name, status: "WARN", message: `${entries.length} in ${library.dir}, damaged: ${damaged.join(", ")}`, advice: "see jepa-mpc goal list" };
    }
    if (existsSync(library.dir)) {
      try {
        await access(library.dir, constants.W_OK);
      } catch {
        return { name, status: "WARN", message: `${entries.length} in ${library.dir}, which cannot be written`, advice: "choose another folder with JEPA_MPC_GOALS" };
      }
    }
    return { name, status: "OK", message: `${entries.length} in ${library.dir}` };
  } catch (error) {
    return { name, status: "WARN", message: oneLine(error) };
  }
}

export function checkCpu(cores: number, load: number): CheckResult {
  const message = `${cores} ${cores === 1 ? "core" : "cores"}, load ${load.toFixed(2)}`;
  if (load > cores) {
    return { name: "cpu", status: "WARN", message, advice: "something else is busy: plans will be late or made of fewer candidates" };
  }
  return cores < 2
    ? { name: "cpu", status: "WARN", message, advice: "planning and ROS share one core: expect fewer candidates a plan" }
    : { name: "cpu", status: "OK", message };
}

async function checkMemory(): Promise<CheckResult> {
  let free = freemem();
  try {
    // freemem leaves out the caches the kernel would give back.
    const available = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1];
    free = available === undefined ? free : Number(available) * 1024;
  } catch {
    // Not Linux: the first number it is.
  }
  const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const message = `${gb(free)} of ${gb(totalmem())} available`;
  if (free < 0.3e9) {
    return { name: "memory", status: "FAIL", message, advice: "the controller needs about 0.3 GB: end other programs" };
  }
  return free < 1e9
    ? { name: "memory", status: "WARN", message, advice: "controller and simulator together need about 1 GB" }
    : { name: "memory", status: "OK", message };
}

function engines(): string {
  return (JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8")) as { engines: { node: string } }).engines.node;
}
