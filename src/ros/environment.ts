import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The interface packages the nodes use; each must have message classes for rclnodejs. */
const INTERFACE_PACKAGES = [
  "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs", "rcl_interfaces", "rosgraph_msgs",
  "sensor_msgs", "std_msgs", "std_srvs", "trajectory_msgs", "visualization_msgs",
] as const;

const HOW_TO_MEND = "run `npm run setup`, or source your ROS 2 and run `npm install` again";

/**
 * Says what keeps ROS 2 from being used in this process, or nothing when all is there.
 *
 * It has to be asked before rclnodejs is imported: when its binary cannot be loaded, importing rclnodejs deletes that
 * binary and starts a compiler. So the binary is tried in a process of its own first.
 *
 * @returns one sentence with what to do about it, or undefined.
 */
export function whatIsWrongWithRos(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (!env["AMENT_PREFIX_PATH"]) {
    return `no ROS 2 in this environment (AMENT_PREFIX_PATH is not set); ${HOW_TO_MEND}`;
  }
  if (!env["ROS_DISTRO"]) {
    return `ROS_DISTRO is not set though AMENT_PREFIX_PATH is; ${HOW_TO_MEND}`;
  }
  const folder = rclnodejsFolder();
  if (folder === undefined) {
    return `the package rclnodejs is not installed; ${HOW_TO_MEND}`;
  }
  const binaries = binariesOf(folder, env["ROS_DISTRO"]);
  if (binaries.length === 0) {
    return `rclnodejs has no compiled binary in ${join(folder, "build", "Release")}; ${HOW_TO_MEND}`;
  }
  const missing = INTERFACE_PACKAGES.filter((name) => !existsSync(join(folder, "generated", name)));
  if (missing.length > 0) {
    return `rclnodejs has no message classes for ${missing.join(", ")}; ${HOW_TO_MEND}`;
  }
  const failures: string[] = [];
  for (const binary of binaries) {
    const failure = loadingFails(binary, env);
    if (failure === undefined) {
      return undefined;
    }
    failures.push(failure);
  }
  return `the binary of rclnodejs cannot be loaded (${failures.at(-1)}); is LD_LIBRARY_PATH set? ${HOW_TO_MEND}`;
}

/** Whether rclnodejs has message classes of an interface package that the nodes can do without. */
export function hasInterfaces(name: string): boolean {
  const folder = rclnodejsFolder();
  return folder !== undefined && existsSync(join(folder, "generated", name));
}

/** What rclnodejs would load: a binary made for this distribution first, then the one compiled here. */
function binariesOf(folder: string, distro: string): string[] {
  const prebuilt = join(folder, "prebuilds", `${process.platform}-${process.arch}`);
  const made = existsSync(prebuilt) ? readdirSync(prebuilt).filter((file) => file.startsWith(`${distro}-`) && file.includes("-node-")) : [];
  const compiled = join(folder, "build", "Release", "rclnodejs.node");
  return existsSync(compiled) ? [compiled] : made.map((file) => join(prebuilt, file));
}

/** @returns the loader's complaint, or undefined when the binary loads. */
function loadingFails(binary: string, env: NodeJS.ProcessEnv): string | undefined {
  const tried = spawnSync(process.execPath, ["-e", "process.dlopen({ exports: {} }, process.argv[1])", binary], {
    env, encoding: "utf8", timeout: 20_000,
  });
  if (tried.status === 0) {
    return undefined;
  }
  const line = tried.stderr.split("\n").find((text) => text.startsWith("Error:"));
  return line?.replace(/^Error:\s*/, "").trim() ?? `the trial ended with ${tried.signal ?? `code ${tried.status}`}`;
}

/** The folder of the installed rclnodejs, found without importing it. */
function rclnodejsFolder(): string | undefined {
  const require = createRequire(import.meta.url);
  for (const root of require.resolve.paths("rclnodejs") ?? []) {
    const manifest = join(root, "rclnodejs", "package.json");
    if (existsSync(manifest)) {
      return dirname(manifest);
    }
  }
  return undefined;
}
