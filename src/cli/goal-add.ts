import { GRIPPER_STATES } from "../goals/goal-file.js";
import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { readGoalSource } from "./goal-source.js";
import { openLibrary } from "./open-library.js";
import { print, shortNumber } from "./print.js";

import type { RgbImage } from "../camera/types.js";
import type { GripperState } from "../goals/goal-file.js";

export default defineCommand({
  command: "add <name> <file>",
  describe: "Keep a picture as a goal: of a file, of a video or bag at a time, or of another goal",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the goal" })
      .positional("file", { type: "string", demandOption: true, describe: "Picture (PNG, JPEG), video, bag (.mcap, .db3, rosbag2 folder), or the name of another goal" })
      .option("at", { type: "string", requiresArg: true, describe: "Of a video or bag: which picture, in seconds from its beginning; end is the last one" })
      .option("topic", { type: "string", requiresArg: true, describe: "Of a bag: topic of the pictures [default: the only one]" })
      .option("gripper", { choices: GRIPPER_STATES, requiresArg: true, describe: "What the gripper is to be, whatever the picture shows" })
      .option("bundle", { ...BUNDLE_OPTION, describe: `With --gripper: the bundle that has to know its gripper. ${BUNDLE_OPTION.describe}` })
      .option("replace", { type: "boolean", default: false, describe: "Take the place of a goal of this name" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal add cup-left cup.png", "keep cup.png as the goal cup-left")
      .example("$0 goal add in-box demonstration.mp4 --at end", "")
      .example("$0 goal add above-cup recording.mcap --at 12.5 --topic /camera/image_raw", "")
      .example("$0 goal add grasped at-cup --gripper closed", "the picture of the goal at-cup, with the gripper closed"),
  handler: async (args) => {
    const [library, { checkGoalName }] = await Promise.all([openLibrary(args.goalsDir), import("../goals/goal-name.js")]);
    // The name first: nobody should wait for a picture whose name will be refused.
    const name = checkGoalName(args.name);
    const { image, source, goal: from } = await readGoalSource(args.file, library, args);
    // A bundle that cannot be told so is better known now than when the robot is to move.
    const effect = args.gripper === undefined ? "" : await effectOf(args.bundle, name, image, args.gripper);
    const gripper = args.gripper ?? from?.gripper;
    const goal = await library.add(name, image, source, { replace: args.replace, ...(gripper === undefined ? {} : { gripper }) });
    print(`goal ${goal.name}: ${goal.width}x${goal.height} picture${gripper === undefined ? "" : ` with the gripper ${gripper}`} kept in ${goal.folder}${effect}`);
  },
});

/** How much the gripper counts, in a sentence: a goal that only differs in it may look reached before the gripper has moved. */
async function effectOf(bundle: string | undefined, name: string, image: RgbImage, gripper: GripperState): Promise<string> {
  const [{ openModel, restActions }, { withGripper }] = await Promise.all([import("./open-model.js"), import("../world-model/with-gripper.js")]);
  const { model } = await openModel(bundle);
  try {
    const other = GRIPPER_STATES.find((state) => state !== gripper)!;
    const latent = await model.encode(image);
    const state = new Float32Array(model.stateDim);
    const to = withGripper(latent, model.manifest, gripper);
    const from = withGripper(latent, model.manifest, other);
    const { startEnergy } = await model.score(from, state, await restActions(model, state), 1, to);
    const { reached_below: reachedBelow } = model.manifest.energy;
    return startEnergy >= reachedBelow ? "" : `\nbetween ${other} and ${gripper} alone the energy of ${model.manifest.name} is ${shortNumber(startEnergy)}, less than what counts as reached ` +
      `(${shortNumber(reachedBelow)}): where only the gripper is to change, give a tolerance below that (goal sequence add NAME ${name}:TOLERANCE)`;
  } finally {
    await model.close();
  }
}
