import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { DEFAULT_DASHBOARD_PORT } from "./dashboard-port.js";
import { graphNames } from "./graph-names.js";
import { INFERENCE_OPTIONS, inferenceOf } from "./inference-options.js";
import { GOALS_DIR_OPTION, openLibrary } from "./open-library.js";
import { readGoalArgument } from "./picture-argument.js";
import { PROVIDER_OPTION } from "./provider-option.js";
import { ROBOT_OPTION } from "./robot-option.js";
import { robotParameters } from "./robot-parameters.js";
import { rosArguments, startNode } from "./ros-arguments.js";
import { UsageError } from "./usage-error.js";

import type { GraphNames } from "./graph-names.js";

/** How long the goal's sender waits for the controller to come up. */
const GOAL_TIMEOUT_S = 60;

export default defineCommand({
  command: "run",
  describe: "Start the controller node (ROS 2)",
  builder: (yargs) =>
    yargs
      .option("bundle", BUNDLE_OPTION)
      .option("execution-provider", PROVIDER_OPTION)
      .option("urdf", { type: "string", requiresArg: true, describe: "URDF file of the robot [default: the demo arm]" })
      .option("robot", ROBOT_OPTION)
      .option("params-file", { type: "string", requiresArg: true, describe: "ROS parameter file; options here come after it" })
      .option("goal", { type: "string", requiresArg: true, describe: "Goal to begin with: a goal's or sequence's name, or a picture file" })
      .option("sim-time", { type: "boolean", describe: "Take the time from /clock, as with jepa-mpc sim [default: the parameter file's]" })
      .option("goals-dir", GOALS_DIR_OPTION)
      .option("dashboard", { type: "boolean", default: false, describe: "Serve the page of jepa-mpc dashboard beside the node" })
      .option("dashboard-port", { type: "string", requiresArg: true, describe: `Its port [default: ${DEFAULT_DASHBOARD_PORT}]` })
      .options(INFERENCE_OPTIONS)
      .example("$0 run --goal cup-left --sim-time -- -r image:=/camera/image_raw", "with jepa-mpc sim; ROS arguments follow --")
      .example("$0 run --params-file my.yaml", "on a robot")
      .epilogue("Whatever follows -- is handed to ROS 2 as it is (remappings, parameters, log level). Ctrl-C makes the robot hold and ends the node."),
  handler: async (args) => {
    const paramsFile = existingFile("--params-file", args.paramsFile);
    const urdf = existingFile("--urdf", args.urdf);
    // A parameter file may name its own bundle; only a wish that was expressed goes over it.
    const wished = args.bundle !== undefined || (process.env["JEPA_MPC_BUNDLE"] ?? "") !== "" || paramsFile === undefined;
    const bundle = wished ? findBundleDir(args.bundle) : undefined;
    const inference = inferenceOf(args);
    const certificates = existingFile("--inference-root-certificates", inference?.rootCertificates);
    if (args.goal !== undefined) {
      // Looked at now: a robot should not be started towards a goal that is not there.
      const goals = await readGoalArgument(args.goal, await openLibrary(args.goalsDir));
      // The topic has room for one picture and nothing else; the node has the same library.
      const way = goals.length > 1 || goals.some(({ goal, tolerance }) => goal?.gripper !== undefined || tolerance !== undefined) ? "--by-name" : "--topic";
      sendGoalLater(args.goal, way, args.goalsDir);
    }
    if (args.dashboardPort !== undefined && !args.dashboard) throw new UsageError("--dashboard-port is for --dashboard");
    if (args.dashboard) startDashboard(graphNames(restOf(args)), args.dashboardPort, args.goalsDir);
    await startNode(new URL("../ros/controller-main.js", import.meta.url), rosArguments(paramsFile, [
      ...(bundle === undefined ? [] : [{ name: "bundle", text: bundle }]),
      ...(args.executionProvider === undefined ? [] : [{ name: "execution_provider", text: args.executionProvider }]),
      ...(args.robot === undefined ? [] : await robotParameters(args.robot)),
      ...(urdf === undefined ? [] : [{ name: "urdf", text: urdf }]),
      ...(args.simTime === undefined ? [] : [{ name: "use_sim_time", truth: args.simTime }]),
      ...(args.goalsDir === undefined ? [] : [{ name: "goals_dir", text: resolve(args.goalsDir) }]),
      ...(inference === undefined ? [] : [{ name: "inference_server", text: inference.server }, { name: "inference_insecure", truth: inference.allowPlainText === true }]),
      ...(inference?.timeoutMs === undefined ? [] : [{ name: "inference_timeout_ms", double: inference.timeoutMs }]),
      ...(certificates === undefined ? [] : [{ name: "inference_root_certificates", text: certificates }]),
    ], restOf(args)));
  },
});

/** What stands behind `--`. */
export function restOf(args: unknown): string[] {
  return ((args as { "--"?: unknown[] })["--"] ?? []).map(String);
}

/** @throws Error with one line when the option names a file that is not there. */
export function existingFile(option: string, file: string | undefined): string | undefined {
  if (file === undefined) {
    return undefined;
  }
  if (!existsSync(file)) {
    throw new Error(`${option} ${JSON.stringify(file)}: there is no such file`);
  }
  return resolve(file);
}

/** In a process of its own, which goes with this one: pages must not take time from the node. */
function startDashboard({ node, image, jointStates }: GraphNames, port: string | undefined, goalsDir: string | undefined): void {
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const page = spawn(process.execPath, [
    main, "dashboard", "--node", node, "--image-topic", image, "--joint-states-topic", jointStates,
    ...(port === undefined ? [] : ["--port", port]), ...(goalsDir === undefined ? [] : ["--goals-dir", goalsDir]),
    // The channel is a lifeline: when this process is killed, the page leaves by itself.
  ], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  // A page that ends is no reason for the robot to stop; its last line says why it did.
  page.unref();
  page.channel?.unref();
  process.once("exit", () => page.kill());
}

/** In a process of its own: the controller's process has its ROS context to itself. */
function sendGoalLater(goal: string, way: "--topic" | "--by-name", goalsDir: string | undefined): void {
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const sender = spawn(
    process.execPath,
    [main, "goal", "send", goal, way, "--timeout", String(GOAL_TIMEOUT_S), ...(goalsDir === undefined ? [] : ["--goals-dir", goalsDir])],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  process.once("exit", () => sender.kill());
}
