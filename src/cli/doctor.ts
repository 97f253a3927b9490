import { BUNDLE_OPTION } from "./bundle-dir.js";
import { defineCommand } from "./command.js";
import { INFERENCE_OPTIONS, inferenceOf } from "./inference-options.js";
import { allChecks } from "./doctor-checks.js";
import { print, printJson } from "./print.js";

export default defineCommand({
  command: "doctor",
  describe: "Check what this machine has and what is missing",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .option("bundle", BUNDLE_OPTION)
      .option("goals-dir", { type: "string", requiresArg: true, describe: "Folder of the goal library" })
      .options(INFERENCE_OPTIONS)
      .example("$0 doctor", "")
      .epilogue("Ends with code 1 when a check fails; warnings do not count."),
  handler: async (args) => {
    const results = [];
    for (const check of allChecks({ bundle: args.bundle, goalsDir: args.goalsDir, inference: inferenceOf(args) })) {
      const result = await check();
      results.push(result);
      if (!args.json) {
        // Printed as they come: some take seconds.
        print(`${result.status.padEnd(4)}  ${result.name.padEnd(12)}  ${result.message}${result.advice === undefined ? "" : `; ${result.advice}`}`);
      }
    }
    const failed = results.filter((result) => result.status === "FAIL").length;
    if (args.json) {
      printJson({ ok: failed === 0, checks: results });
    }
    if (failed > 0) {
      process.exitCode = 1;
    }
  },
});
