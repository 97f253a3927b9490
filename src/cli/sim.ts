import { confineUnlessAsked } from "../ros/loopback.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { ROBOT_OPTION, robotArgument } from "./robot-option.js";
import { existingFile, restOf } from "./run.js";
import { rosArguments, startNode } from "./ros-arguments.js";
import { TASK_CHOICES } from "./simulation-choices.js";

export default defineCommand({
  command: "sim",
  describe: "Start the simulated arm, table and camera (ROS 2)",
  builder: (yargs) =>
    yargs
      .option("task", { choices: [...TASK_CHOICES, "none"] as const, requiresArg: true, describe: "What a reset sets up [default: reach]" })
      .option("seed", { type: "string", requiresArg: true, describe: "Seed of the scene and its goal [default: 0]" })
      .option("realtime-factor", { type: "string", requiresArg: true, describe: "Simulated seconds per real second, 0 as fast as possible [default: 1]" })
      .option("size", { type: "string", requiresArg: true, describe: "Width and height of the camera's pictures, 64 to 256 [default: 96]" })
      .option("camera-turn-deg", { type: "string", requiresArg: true, describe: "How far the camera stands round the workspace, counterclockwise from above, degrees [default: 0]" })
      .option("robot", ROBOT_OPTION)
      .option("params-file", { type: "string", requiresArg: true, describe: "ROS parameter file; options here come after it" })
      .example("$0 sim --task push --seed 3", "")
      .example("$0 sim --size 128 -- -r camera/image_raw:=/wrist/image_raw", "ROS arguments follow --")
      .epilogue("Whatever follows -- is handed to ROS 2 as it is. It is heard on this machine only, unless ROS_AUTOMATIC_DISCOVERY_RANGE or the like is set."),
  handler: async (args) => {
    // What is only simulated need not be heard beyond this machine.
    confineUnlessAsked(process.env);
    const size = args.size === undefined ? undefined : parseNumber("--size", args.size, { min: 64, max: 256, whole: true });
    await startNode(new URL("../../sim/ros/simulator-main.js", import.meta.url), rosArguments(existingFile("--params-file", args.paramsFile), [
      ...(args.robot === undefined ? [] : [{ name: "robot", text: robotArgument(args.robot) }]),
      ...(args.task === undefined ? [] : [{ name: "task", text: args.task }]),
      ...(args.seed === undefined ? [] : [{ name: "seed", integer: parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true }) }]),
      ...(args.realtimeFactor === undefined ? []
        : [{ name: "realtime_factor", double: parseNumber("--realtime-factor", args.realtimeFactor, { min: 0, max: 100 }) }]),
      ...(args.cameraTurnDeg === undefined ? []
        : [{ name: "camera_turn_deg", double: parseNumber("--camera-turn-deg", args.cameraTurnDeg, { min: -180, max: 180 }) }]),
      ...(size === undefined ? [] : [{ name: "image_width", integer: size }, { name: "image_height", integer: size }]),
    ], restOf(args)));
  },
});
