import { resolve } from "node:path";

import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { RECORDING_OPTIONS, recordedArm } from "./recording-options.js";
import { robotArgument } from "./robot-option.js";
import { rosArguments, startNode } from "./ros-arguments.js";
import { restOf } from "./run.js";
import { UsageError } from "./usage-error.js";

export default defineCommand({
  command: "record <out>",
  describe: "Record camera and joints as data to train on, while somebody moves the arm, or with --explore while it moves itself (ROS 2)",
  builder: (yargs) =>
    yargs
      .positional("out", { type: "string", demandOption: true, describe: "Folder of the data set; goes on in one that is there" })
      .options({ ...RECORDING_OPTIONS, robot: { ...RECORDING_OPTIONS.robot, demandOption: true } })
      .option("image-topic", { type: "string", requiresArg: true, default: "/camera/image_raw", describe: "Camera pictures (sensor_msgs/Image); CompressedImage where it ends with /compressed" })
      .option("image-transport", { choices: ["raw", "compressed"] as const, requiresArg: true, describe: "compressed: pictures are taken as PNG or JPEG from the image topic's /compressed [default: what the topic's name says]" })
      .option("joint-states-topic", { type: "string", requiresArg: true, default: "/joint_states", describe: "Joint positions (sensor_msgs/JointState)" })
      .option("command-topic", { type: "string", requiresArg: true, describe: "Trajectories (trajectory_msgs/JointTrajectory): with --explore where they go; else actions are made of them [default: the robot's joint_trajectory_controller; actions are where the joints went]" })
      .option("episodes", { type: "string", requiresArg: true, default: "0", describe: "Ends at so many episodes in the folder; 0 is until Ctrl-C" })
      .option("explore", { type: "boolean", default: false, describe: "MOVES THE ARM by itself: small joint steps inside its limits, workspace and keep-out zones" })
      .option("gentleness", { type: "string", requiresArg: true, default: "1", describe: "With --explore: share of the robot's largest steps that is used, 0.05 to 1" })
      .option("seed", { type: "string", requiresArg: true, default: "0", describe: "With --explore: seed of the movements" })
      .option("sim-time", { type: "boolean", default: false, describe: "Take the time from /clock, as with jepa-mpc sim" })
      .example("$0 record data/mine --robot so101", "move the arm by hand, or with your own teleoperation; Ctrl-C ends")
      .example("$0 record data/mine --robot so101 --explore --gentleness 0.5 --episodes 300", "the arm moves by itself: clear the table, hand on the emergency stop")
      .epilogue("Whatever follows -- is handed to ROS 2 as it is. Whole episodes are kept, whenever it is ended; run it again to go on."),
  handler: async (args) => {
    const arm = await recordedArm(args);
    if (args.gentleness !== "1" && !args.explore) throw new UsageError("--gentleness is of --explore: give both, or neither");
    const transport = args.imageTransport ?? (args.imageTopic.endsWith("/compressed") ? "compressed" : "raw");
    // The node adds the ending itself.
    const imageTopic = transport === "compressed" ? args.imageTopic.replace(/\/compressed$/, "") : args.imageTopic;
    const remapped: string[] = ["-r", `image:=${imageTopic}`, "-r", `joint_states:=${args.jointStatesTopic}`,
      ...(args.commandTopic === undefined ? [] : ["-r", `joint_trajectory_controller/joint_trajectory:=${args.commandTopic}`])];
    await startNode(new URL("../ros/recorder-main.js", import.meta.url), rosArguments(undefined, [
      { name: "out", text: resolve(args.out) },
      { name: "robot", text: robotArgument(args.robot) },
      { name: "joints", text: arm.joints.join(",") },
      { name: "image_transport", text: transport },
      { name: "period_s", double: arm.periodS },
      { name: "steps", integer: arm.steps },
      { name: "image_size", integer: arm.imageSize },
      { name: "episodes", integer: parseNumber("--episodes", args.episodes, { min: 0, max: 1_000_000, whole: true }) },
      { name: "explore", truth: args.explore },
      { name: "gentleness", double: parseNumber("--gentleness", args.gentleness, { min: 0.05, max: 1 }) },
      { name: "seed", integer: parseNumber("--seed", args.seed, { min: 0, max: 2 ** 31 - 1, whole: true }) },
      { name: "actions_from", text: !args.explore && args.commandTopic !== undefined ? "commands" : "differences" },
      { name: "use_sim_time", truth: args.simTime },
    ], [...remapped, ...restOf(args)]));
  },
});
