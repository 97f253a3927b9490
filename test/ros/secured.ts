import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { ROOT } from "./graph.js";

/** Makes a key store with the project's script. */
export function makeKeystore(folder: string, domain: string): void {
  const made = spawnSync(process.execPath, [join(ROOT, "scripts", "make-keystore.mjs"), folder, "--domain", domain], { encoding: "utf8" });
  if (made.status !== 0) {
    throw new Error(made.stderr);
  }
}

/** The environment of a process in an enclave. */
export function secured(env: NodeJS.ProcessEnv, keystore: string, enclave: string): NodeJS.ProcessEnv {
  return {
    ...env, ROS_SECURITY_KEYSTORE: keystore, ROS_SECURITY_ENABLE: "true", ROS_SECURITY_STRATEGY: "Enforce", ROS_SECURITY_ENCLAVE_OVERRIDE: enclave,
  };
}

/** Starts a bare rclpy node in an enclave. @returns what it said, and whether it came up. */
export function tryNode(env: NodeJS.ProcessEnv): { readonly up: boolean; readonly said: string } {
  const tried = spawnSync(env["PYTHON"] ?? "python3", ["-c", "import rclpy, os; rclpy.init(); rclpy.create_node('operator'); os._exit(0)"], {
    env, encoding: "utf8", timeout: 60_000,
  });
  return { up: tried.status === 0, said: `${tried.stdout}${tried.stderr}` };
}
