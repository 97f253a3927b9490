#!/usr/bin/env node
// Brings a checkout into a state in which it runs: ROS 2 (the sourced one or an embedded one), Node packages, rclnodejs,
// compiled TypeScript. Quick when nothing is to do.
//   node scripts/setup.mjs [--training] [--bench] [--serving] [--ray] [--no-ros] [--no-build]
import { parseArgs } from "node:util";
import { setUp } from "./lib/set-up.mjs";
import { SetupError } from "./lib/shell.mjs";

try {
  const { values } = parseArgs({
    options: {
      training: { type: "boolean" }, bench: { type: "boolean" }, serving: { type: "boolean" }, ray: { type: "boolean" }, ros: { type: "boolean" }, build: { type: "boolean" },
    },
    allowNegative: true,
  });
  await setUp({
    training: values.training === true, bench: values.bench === true, serving: values.serving === true, ray: values.ray === true,
    ros: values.ros !== false, build: values.build !== false,
  });
} catch (error) {
  if (error instanceof SetupError || error?.code?.startsWith("ERR_PARSE_ARGS")) {
    process.stderr.write(`jepa-mpc: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
