import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { readPictureArgument } from "./picture-argument.js";
import { print } from "./print.js";

export default defineCommand({
  command: "send <goal>",
  describe: "Give a running controller its goal (ROS 2)",
  builder: (yargs) =>
    yargs
      .positional("goal", { type: "string", demandOption: true, describe: "A goal's name or a picture file" })
      .option("node", { type: "string", requiresArg: true, default: "/jepa_mpc", describe: "The controller's full name" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "Seconds to wait for the controller" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal send cup-left", "")
      .example("$0 goal send now.png --node /left/jepa_mpc", ""),
  handler: async (args) => {
    const timeoutS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    const picture = await readPictureArgument(args.goal, await openLibrary(args.goalsDir));
    const { sendGoal } = await import("./send-goal.js");
    await sendGoal({ node: args.node, image: picture.image, timeoutS });
    print(`goal ${picture.label} sent to ${args.node}`);
  },
});
