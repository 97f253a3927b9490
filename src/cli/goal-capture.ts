import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { print } from "./print.js";

export default defineCommand({
  command: "capture <name>",
  describe: "Keep the next picture of a camera topic as a goal",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "Name of the goal" })
      .option("topic", { type: "string", requiresArg: true, default: "/camera/image_raw", describe: "Topic of sensor_msgs/msg/Image" })
      .option("preview", { type: "boolean", default: false, describe: "Show what the camera sees; space or Enter takes it, q leaves" })
      .option("after", { type: "string", requiresArg: true, describe: "Take the picture after so many seconds" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "Seconds to wait for a picture" })
      .option("replace", { type: "boolean", default: false, describe: "Take the place of a goal of this name" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal capture cup-left", "the scene as the camera sees it now is the goal")
      .example("$0 goal capture cup-left --preview", "see it in the terminal first")
      .example("$0 goal capture cup-left --after 5", "time to step out of the picture")
      .example("$0 goal capture cup-left --topic /wrist/image_raw --timeout 20", ""),
  handler: async (args) => {
    const timeoutS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    const afterS = args.after === undefined ? undefined : parseNumber("--after", args.after, { min: 0, max: 3600 });
    const [library, { checkGoalName }] = await Promise.all([openLibrary(args.goalsDir), import("../goals/goal-name.js")]);
    const name = checkGoalName(args.name);
    if (!args.replace && [...(await library.list()), ...(await library.sequences.list())].some((entry) => entry.name === name)) {
      throw new Error(`goal ${name} exists already in ${library.dir}; remove it first, choose another name or give --replace`);
    }
    const [{ captureImage }, { noPicture, watchCamera }, { preview }, { pictureQuality, qualityLine }] =
      await Promise.all([import("../ros/capture-image.js"), import("../ros/watch-camera.js"), import("./preview.js"), import("../camera/picture-quality.js")]);
    const image = args.preview || afterS !== undefined
      ? await preview({ topic: args.topic, timeoutS, afterS, show: args.preview, watch: watchCamera, noPicture })
      : await captureImage({ topic: args.topic, timeoutS });
    if (image === undefined) {
      print("nothing was kept");
      process.exitCode = 130;
      return;
    }
    const goal = await library.add(name, image, `topic ${args.topic}`, { replace: args.replace });
    print(`goal ${goal.name}: ${goal.width}x${goal.height} picture of ${args.topic} kept in ${goal.folder}`);
    const quality = pictureQuality(image);
    for (const warning of quality.warnings) {
      process.stderr.write(`careful with goal ${name}: ${warning} (${qualityLine(image, quality)})\n`);
    }
  },
});
