import { existsSync } from "node:fs";

import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { readGoalArgument } from "./picture-argument.js";
import { print } from "./print.js";
import { UsageError } from "./usage-error.js";

export default defineCommand({
  command: "send <goal>",
  describe: "Give a running controller its goal and wait until it is reached (ROS 2)",
  builder: (yargs) =>
    yargs
      .positional("goal", { type: "string", demandOption: true, describe: "A goal's or sequence's name, or a picture file; several between commas are sub-goals, in their order" })
      .option("node", { type: "string", requiresArg: true, default: "/jepa_mpc", describe: "The controller's full name" })
      .option("timeout", { type: "string", requiresArg: true, default: "5", describe: "Seconds to wait for the controller" })
      .option("within", { type: "string", requiresArg: true, default: "0", describe: "Seconds after which the goal is given up; 0: never" })
      .option("tolerance", { type: "string", requiresArg: true, default: "0", describe: "Energy below which goals count as reached that have no tolerance in a sequence; 0: the controller's own" })
      .option("topic", { type: "boolean", default: false, describe: "Only publish the picture on ~/goal_image, and do not wait" })
      .option("by-name", { type: "boolean", default: false, describe: "Only publish the name on ~/goal_name, for the controller's own library, and do not wait" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal send cup-left", "Ctrl-C cancels: the robot brakes and holds")
      .example("$0 goal send grasped,above-box,in-box --within 60", "")
      .example("$0 goal send tidy-up", "a sequence, see goal sequence add")
      .example("$0 goal send now.png --node /left/jepa_mpc --topic", ""),
  handler: async (args) => {
    const waitS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    const timeoutS = parseNumber("--within", args.within, { min: 0, max: 86_400 });
    const tolerance = parseNumber("--tolerance", args.tolerance, { min: 0, max: 1e9 });
    if (args.byName && args.topic) {
      throw new UsageError("--by-name and --topic are two ways; give one");
    }
    const library = await openLibrary(args.goalsDir);
    const names = existsSync(args.goal) ? [args.goal] : args.goal.split(",");
    const goals = args.byName ? [] : (await Promise.all(names.map((name) => readGoalArgument(name, library)))).flat();
    const label = names.join(", ");
    const [{ sendGoal }, { ProgressLine }] = await Promise.all([import("./send-goal.js"), import("../demo/progress-line.js")]);
    const progress = new ProgressLine(process.stderr);
    const interrupt = new AbortController();
    // The second time it ends this process; the goal may go on then.
    process.once("SIGINT", () => { interrupt.abort(); });
    const sent = await sendGoal({
      node: args.node, waitS,
      goals: goals.map(({ label: name, image, tolerance: own, goal }) => ({ label: name, image, tolerance: own, gripper: goal?.gripper })),
      ...(args.byName ? { byName: args.goal } : {}), topicOnly: args.topic, timeoutS, tolerance, signal: interrupt.signal,
      onProgress: (line) => { progress.update(line); },
    });
    progress.done();
    switch (sent.kind) {
      case "sent":
        print(`goal ${label} sent to ${args.node}`);
        return;
      case "reached":
        print(`goal ${label} ${sent.sentence}`);
        return;
      case "canceled":
        print(`goal ${label}: ${sent.sentence}`);
        process.exitCode = 130;
        return;
      case "failed":
        throw new Error(`goal ${label}: ${sent.sentence}`);
    }
  },
});
