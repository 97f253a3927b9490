import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { openLibrary } from "./open-library.js";
import { readGoalArgument } from "./picture-argument.js";
import { print } from "./print.js";
import { UsageError } from "./usage-error.js";

import type { Sent, SentGoal } from "./send-goal.js";

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
      .option("chain", { type: "string", requiresArg: true, describe: "Look for sub-goals in what was lived, and for others when things come to lie elsewhere: a folder of a data set (docs/chain.md)" })
      .option("chain-episodes", { type: "string", requiresArg: true, describe: "Episodes of it that are used [default: all]" })
      .option("bundle", { type: "string", requiresArg: true, describe: "With --chain: the controller's bundle [default: as the controller says]" })
      .option("camera", { type: "string", requiresArg: true, describe: "With --chain: topic of pictures [default: the one that the controller looks at]" })
      .option("goals-dir", { type: "string" })
      .example("$0 goal send cup-left", "Ctrl-C cancels: the robot brakes and holds")
      .example("$0 goal send grasped,above-box,in-box --within 60", "")
      .example("$0 goal send tidy-up", "a sequence, see goal sequence add")
      .example("$0 goal send cleared --chain data/plain", "sub-goals found in experience")
      .example("$0 goal send now.png --node /left/jepa_mpc --topic", ""),
  handler: async (args) => {
    const waitS = parseNumber("--timeout", args.timeout, { min: 0.1, max: 3600 });
    const timeoutS = parseNumber("--within", args.within, { min: 0, max: 86_400 });
    const tolerance = parseNumber("--tolerance", args.tolerance, { min: 0, max: 1e9 });
    if (args.byName && args.topic) {
      throw new UsageError("--by-name and --topic are two ways; give one");
    }
    if (args.chain !== undefined && (args.byName || args.topic)) {
      throw new UsageError(`--chain sends sub-goals through the action: leave ${args.byName ? "--by-name" : "--topic"} out`);
    }
    for (const [option, value] of [["--chain-episodes", args.chainEpisodes], ["--bundle", args.bundle], ["--camera", args.camera]] as const) {
      if (args.chain === undefined && value !== undefined) throw new UsageError(`${option} needs --chain DIR`);
    }
    const episodes = args.chainEpisodes === undefined ? undefined : parseNumber("--chain-episodes", args.chainEpisodes, { min: 1, max: 1e6, whole: true });
    const library = await openLibrary(args.goalsDir);
    const names = existsSync(args.goal) ? [args.goal] : args.goal.split(",");
    const goals = args.byName ? [] : (await Promise.all(names.map((name) => readGoalArgument(name, library)))).flat();
    const label = names.join(", ");
    if (args.chain !== undefined && goals.length !== 1) {
      throw new UsageError(`--chain finds the sub-goals itself: give one goal, not ${goals.length}`);
    }
    const { ProgressLine } = await import("../demo/progress-line.js");
    const progress = new ProgressLine(process.stderr);
    const interrupt = new AbortController();
    // The second time it ends this process; the goal may go on then.
    process.once("SIGINT", () => { interrupt.abort(); });
    const sending = goals.map(({ label: name, image, tolerance: own, goal }): SentGoal => ({ label: name, image, tolerance: own, gripper: goal?.gripper }));
    const common = { node: args.node, waitS, timeoutS, tolerance, signal: interrupt.signal, onProgress: (line: string) => { progress.update(line); } };
    let sent: Sent;
    try {
      if (args.chain === undefined) {
        const { sendGoal } = await import("./send-goal.js");
        sent = await sendGoal({ ...common, goals: sending, ...(args.byName ? { byName: args.goal } : {}), topicOnly: args.topic });
      } else {
        const { sendChain } = await import("./send-chain.js");
        const { tolerance: own } = sending[0]!;
        sent = await sendChain({
          ...common, goal: sending[0]!, folder: resolve(args.chain), ...(own === undefined ? {} : { tolerance: own }),
          ...(episodes === undefined ? {} : { episodes }), ...(args.bundle === undefined ? {} : { bundle: args.bundle }), ...(args.camera === undefined ? {} : { camera: args.camera }),
          onRemembered: (done, all) => { progress.update(`${done} of ${all} pictures remembered`); },
          onWay: (line) => { progress.say(line); },
        });
      }
    } finally {
      progress.done();
    }
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
