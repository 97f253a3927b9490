import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import assert from "node:assert/strict";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Runs the compiled command line in a process of its own, with no settings of the user's. */
export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<CliResult> {
  const clean = { ...process.env };
  delete clean["JEPA_MPC_GOALS"];
  delete clean["JEPA_MPC_BUNDLE"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...clean, ...env }, stdio: ["ignore", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }) });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => { stdout += chunk.toString("utf8"); });
    child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString("utf8"); });
    child.on("error", reject);
    child.on("close", (code) => { resolve({ code, stdout, stderr }); });
  });
}

/** An environment without any ROS 2. */
export const NO_ROS: NodeJS.ProcessEnv = { AMENT_PREFIX_PATH: "", ROS_DISTRO: "" };

/** Asserts that a run failed with exactly one line on standard error and nothing else. */
export function assertOneLine(result: CliResult, code: number, line: RegExp): void {
  const told = JSON.stringify(result);
  assert.equal(result.stdout, "", told);
  assert.match(result.stderr, /^jepa-mpc: [^\n]+\n$/, told);
  assert.match(result.stderr, line, told);
  assert.equal(result.code, code, told);
}
