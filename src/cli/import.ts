import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { print } from "./print.js";
import { PROJECT_ROOT } from "./project.js";
import { RECORDING_OPTIONS, recordedArm } from "./recording-options.js";
import { UsageError } from "./usage-error.js";

import type { RecordingSource } from "../record/recording-source.js";

export default defineCommand({
  command: "import <source> <out>",
  describe: "Bring a rosbag2, MCAP or LeRobot v3 recording to one period, as data to train on",
  builder: (yargs) =>
    yargs
      .positional("source", { type: "string", demandOption: true, describe: "MCAP file, rosbag2 file (.db3) or folder, or LeRobot data set" })
      .positional("out", { type: "string", demandOption: true, describe: "Folder of the data set; one that is there is added to" })
      .options(RECORDING_OPTIONS)
      .option("image-topic", { type: "string", requiresArg: true, describe: "Topic (of LeRobot: feature) with the pictures [default: the only one]" })
      .option("joint-states-topic", { type: "string", requiresArg: true, describe: "Topic (of LeRobot: feature) with the joint positions [default: /joint_states, observation.state]" })
      .option("command-topic", { type: "string", requiresArg: true, describe: "Topic (of LeRobot: feature) with the commanded positions; actions are then made of them [default: actions are where the joints went]" })
      .option("stamps", { choices: ["header", "recorded"] as const, requiresArg: true, default: "header" as const, describe: "Times of a bag's messages: of their headers, or of when they were recorded" })
      .option("tolerance", { type: "string", requiresArg: true, describe: "A picture farther than this from a frame's time is none for it, s [default: a quarter of the period]" })
      .option("angles", { choices: ["rad", "deg"] as const, requiresArg: true, default: "rad" as const, describe: "What LeRobot's joint positions are in" })
      .option("gripper", { choices: ["same", "percent"] as const, requiresArg: true, default: "same" as const, describe: "What LeRobot's gripper is in: as the other joints, or 0 to 100 of its largest value" })
      .example("$0 import monday.mcap data/mine --robot so101 --image-topic /camera/image_raw", "")
      .example("$0 import ~/lerobot/so101-pick data/mine --robot so101 --image-topic observation.images.front --command-topic action --angles deg --gripper percent", ""),
  handler: async (args) => {
    const arm = await recordedArm(args);
    const toleranceS = args.tolerance === undefined ? undefined : parseNumber("--tolerance", args.tolerance, { min: 0, max: arm.periodS / 2 });
    const [{ isBag, openBag }, { BagSource }, { LerobotSource }, { DataSetWriter }, { importRecording }] = await Promise.all([
      import("../bags/index.js"), import("../record/bag-source.js"), import("../record/lerobot-source.js"), import("../record/data-set-writer.js"), import("../record/import-recording.js"),
    ]);
    const isLerobot = existsSync(join(args.source, "meta", "info.json"));
    if (!isLerobot && !(await isBag(args.source))) {
      throw new UsageError(`${args.source} is no recording: MCAP files, rosbag2 files and folders (.db3, .mcap) and LeRobot data sets of version 3 (meta/info.json) are read`);
    }
    if (!isLerobot && (args.angles !== "rad" || args.gripper !== "same")) throw new UsageError("--angles and --gripper are for LeRobot data sets: ROS has rad and m");
    const bag = isLerobot ? undefined : await openBag(args.source);
    try {
      const topics = {
        ...(args.imageTopic === undefined ? {} : { image: args.imageTopic }), ...(args.jointStatesTopic === undefined ? {} : { joints: args.jointStatesTopic }),
        ...(args.commandTopic === undefined ? {} : { command: args.commandTopic }),
      };
      const source: RecordingSource = bag === undefined
        ? new LerobotSource({
          folder: resolve(args.source), joints: arm.joints, imageSize: arm.imageSize, python: trainingPython(), script: join(PROJECT_ROOT, "training", "stream_lerobot.py"),
          ...(topics.image === undefined ? {} : { imageFeature: topics.image }), ...(topics.joints === undefined ? {} : { stateFeature: topics.joints }),
          ...(topics.command === undefined ? {} : { actionFeature: topics.command }),
          scale: arm.joints.map((joint) => joint === arm.gripper?.joint && args.gripper === "percent" ? arm.gripper.max_joint / 100 : args.angles === "deg" ? Math.PI / 180 : 1),
        })
        : new BagSource(bag, {
          joints: arm.joints, stamps: args.stamps, ...(topics.image === undefined ? {} : { imageTopic: topics.image }),
          ...(topics.joints === undefined ? {} : { jointTopic: topics.joints }), ...(topics.command === undefined ? {} : { commandTopic: topics.command }),
        });
      const writer = new DataSetWriter({ ...arm, out: args.out, actions: topics.command === undefined ? "differences" : "commands", player: "imported" });
      const summary = await importRecording(source, writer, { periodS: arm.periodS, imageSize: arm.imageSize, ...(toleranceS === undefined ? {} : { toleranceS }) });
      print(`${summary.frames} frames every ${arm.periodS} s of ${source.name}: ${summary.episodes} episodes of ${arm.steps} actions; ${summary.leftOut} frames left out, of stretches shorter than that`);
      for (const { why, count } of summary.gaps) print(`cut ${count} times: ${why}`);
      if (summary.outOfOrder > 0) print(`${summary.outOfOrder} messages were older than one before them, and left out`);
      print(`${writer.episodes} episodes in ${args.out}`);
      if (summary.episodes === 0) throw new Error(`no episode came of ${args.source}: give fewer --steps, a larger --tolerance, or another --period`);
    } finally {
      await bag?.close();
    }
  },
});

/** The Python that training runs in. */
function trainingPython(): string {
  const named = process.env["JEPA_MPC_PYTHON"] ?? "";
  return named === "" ? join(PROJECT_ROOT, ".env-training", "bin", "python") : named;
}
