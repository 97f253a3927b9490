import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { BUNDLE_OPTION, findBundleDir } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { GOALS_DIR_OPTION, openLibrary } from "./open-library.js";
import { readPictureArgument } from "./picture-argument.js";
import { rosArguments, startNode } from "./ros-arguments.js";

/** How long the goal's sender waits for the controller to come up. */
const GOAL_TIMEOUT_S = 60;

export default defineCommand({
  command: "run",
  describe: "Start the controller node (ROS 2)",
  builder: (yargs) =>
    yargs
      .option("bundle", BUNDLE_OPTION)
      .option("urdf", { type: "string", requiresArg: true, describe: "URDF file of the robot [default: the demo arm]" })
      .option("params-file", { type: "string", requiresArg: true, describe: "ROS parameter file; options here come after it" })
      .option("goal", { type: "string", requiresArg: true, describe: "Goal to begin with: a goal's name or a picture file" })
      .option("sim-time", { type: "boolean", describe: "Take the time from /clock, as with jepa-mpc sim [default: the parameter file's]" })
      .option("goals-dir", GOALS_DIR_OPTION)
      .example("$0 run --goal cup-left --sim-time -- -r image:=/camera/image_raw", "with jepa-mpc sim; ROS arguments follow --")
      .example("$0 run --params-file my.yaml", "on a robot")
      .epilogue("Whatever follows -- is handed to ROS 2 as it is (remappings, parameters, log level). Ctrl-C makes the robot hold and ends the node."),
  handler: async (args) => {
    const paramsFile = existingFile("--params-file", args.paramsFile);
    const urdf = existingFile("--urdf", args.urdf);
    // A parameter file may name its own bundle; only a wish that was expressed goes over it.
    const wished = args.bundle !== undefined || (process.env["JEPA_MPC_BUNDLE"] ?? "") !== "" || paramsFile === undefined;
    const bundle = wished ? findBundleDir(args.bundle) : undefined;
    if (args.goal !== undefined) {
      // Looked at now: a robot should not be started towards a goal that is not there.
      await readPictureArgument(args.goal, await openLibrary(args.goalsDir));
      sendGoalLater(args.goal, args.goalsDir);
    }
    await startNode(new URL("../ros/controller-main.js", import.meta.url), rosArguments(paramsFile, [
      ...(bundle === undefined ? [] : [{ name: "bundle", text: bundle }]),
      ...(urdf === undefined ? [] : [{ name: "urdf", text: urdf }]),
      ...(args.simTime === undefined ? [] : [{ name: "use_sim_time", truth: args.simTime }]),
      ...(args.goalsDir === undefined ? [] : [{ name: "goals_dir", text: resolve(args.goalsDir) }]),
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

/** In a process of its own: the controller's process has its ROS context to itself. */
function sendGoalLater(goal: string, goalsDir: string | undefined): void {
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const sender = spawn(
    process.execPath,
    [main, "goal", "send", goal, "--topic", "--timeout", String(GOAL_TIMEOUT_S), ...(goalsDir === undefined ? [] : ["--goals-dir", goalsDir])],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  process.once("exit", () => sender.kill());
}
