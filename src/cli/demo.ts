import { findBundleDir, BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { parseNumber } from "./numbers.js";
import { TASK_CHOICES } from "./simulation-choices.js";

/** `jepa-mpc demo`: simulator and controller on a real ROS graph, from a picture to the goal. */
export default defineCommand({
  command: "demo",
  describe: "Run simulator and controller on a private ROS graph and reach a goal picture",
  builder: (yargs) => yargs
    .option("task", { choices: TASK_CHOICES, default: "reach" as const, describe: "What the simulator sets up; the goal is its last picture" })
    .option("seed", { type: "string", default: "0", requiresArg: true, describe: "Seed of the start, the goal and the planner" })
    .option("goal", { type: "string", requiresArg: true, describe: "PNG or JPEG used as the goal instead of the task's (its true distance is not known)" })
    .option("bundle", BUNDLE_OPTION)
    .option("domain-id", { type: "string", requiresArg: true, describe: "ROS_DOMAIN_ID [default: a private one]" })
    .option("timeout", { type: "string", default: "60", requiresArg: true, describe: "Seconds until the demo gives up" })
    .option("runs", { type: "string", default: "runs", requiresArg: true, describe: "Folder for logs and pictures" })
    .option("headless", { type: "boolean", default: false, describe: "Open no picture at the end" })
    .option("json", { type: "boolean", default: false, describe: "Nothing but the result's JSON line on stdout" }),
  handler: async ({ task, seed, goal, bundle, domainId, timeout, runs, headless, json }) => {
    const { Interrupted, runDemo } = await import("../demo/run-demo.js");
    try {
      const summary = await runDemo({
        task, runs, headless, json,
        bundle: findBundleDir(bundle),
        seed: parseNumber("--seed", seed, { min: 0, max: 2 ** 31 - 1, whole: true }),
        timeoutS: parseNumber("--timeout", timeout, { min: 1, max: 86400 }),
        ...(goal === undefined ? {} : { goal }),
        ...(domainId === undefined ? {} : { domainId: parseNumber("--domain-id", domainId, { min: 0, max: 232, whole: true }) }),
      });
      process.stdout.write(`${JSON.stringify(summary)}\n`);
      process.exitCode = summary.success ? 0 : 1;
    } catch (error) {
      if (!(error instanceof Interrupted)) {
        throw error;
      }
      process.stderr.write(`demo: ${error.message}\n`);
      process.exitCode = 130;
    }
  },
});
