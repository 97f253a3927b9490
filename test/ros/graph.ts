import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ChildNode } from "../../src/demo/child-node.js";
import { whatIsWrongWithRos } from "../../src/ros/environment.js";
import { confineToLoopback } from "../../src/ros/loopback.js";

/** Why tests on a graph cannot be run here, or false. */
export const SKIP: string | false = ((): string | false => {
  const wrong = whatIsWrongWithRos();
  return wrong === undefined ? false : `ROS 2 is not there: ${wrong}`;
})();

/** The folder with package.json; the tests run in dist/test/ros. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const TINY_BUNDLE = join(ROOT, "test", "fixtures", "tiny-bundle");

/** Arguments of the controller as they are, for what `-p` does not do. */
export function startControllerWith(env: NodeJS.ProcessEnv, argv: readonly string[]): ChildNode {
  return new ChildNode("controller", join(ROOT, "dist", "src/ros/controller-main.js"), argv, join(logs, `controller-${started++}.log`), env);
}

/** A graph of its own on the loopback interface. */
export function graphEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env, ROS_DOMAIN_ID: process.env["ROS_DOMAIN_ID"] ?? String(1 + (process.pid % 100)), JEPA_MPC_MEMORY: join(logs, "memory") };
  confineToLoopback(env);
  return env;
}

const logs = mkdtempSync(join(tmpdir(), "jepa-mpc-ros-"));
let started = 0;

export function startController(env: NodeJS.ProcessEnv, parameters: readonly string[] = [], remappings: readonly string[] = []): ChildNode {
  return start("controller", "src/ros/controller-main.js", [`bundle:=${TINY_BUNDLE}`, ...parameters], env, remappings);
}

export function startSimulator(env: NodeJS.ProcessEnv, parameters: readonly string[] = []): ChildNode {
  return start("simulator", "sim/ros/simulator-main.js", parameters, env);
}

function start(name: string, main: string, parameters: readonly string[], env: NodeJS.ProcessEnv, remappings: readonly string[] = []): ChildNode {
  const rosArguments = [...parameters.flatMap((parameter) => ["-p", parameter]), ...remappings.flatMap((remapping) => ["-r", remapping])];
  const argv = rosArguments.length === 0 ? [] : ["--ros-args", ...rosArguments];
  return new ChildNode(name, join(ROOT, "dist", main), argv, join(logs, `${name}-${started++}.log`), env);
}
