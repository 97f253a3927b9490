#!/usr/bin/env node
// Makes a key store for ROS 2 security (SROS2) without the ros2 command line; see docs/security.md.
//   node scripts/make-keystore.mjs FOLDER [--policy config/security/policy.xml] [--domain 0] [--days 3650] [--force]
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "./lib/paths.mjs";
import { makeKeystore } from "./lib/security/keystore.mjs";
import { readPolicy } from "./lib/security/policy.mjs";
import { say, SetupError } from "./lib/shell.mjs";

const USAGE = "usage: node scripts/make-keystore.mjs FOLDER [--policy FILE] [--domain N] [--days N] [--force]";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { policy: { type: "string" }, domain: { type: "string" }, days: { type: "string" }, force: { type: "boolean" } },
  });
  if (positionals.length !== 1) {
    throw new SetupError(USAGE);
  }
  const folder = resolve(positionals[0]);
  const domain = wholeNumber("--domain", values.domain ?? (process.env.ROS_DOMAIN_ID || "0"), 0, 232);
  const days = wholeNumber("--days", values.days ?? "3650", 1, 36_500);
  const enclaves = readPolicy(values.policy ?? join(projectRoot, "config", "security", "policy.xml"));
  makeKeystore(folder, enclaves, { domain, days, force: values.force === true });
  say(`key store for ROS_DOMAIN_ID ${domain} in ${folder}, good for ${days} days; enclaves: ${enclaves.map(({ path }) => path).join(", ")}`);
  say(`keep ${join(folder, "private")} away from the robot: who has it can let anybody in`);
} catch (error) {
  if (!(error instanceof SetupError) && !error?.code?.startsWith("ERR_PARSE_ARGS")) {
    throw error;
  }
  process.stderr.write(`jepa-mpc: ${error.message.split("\n")[0]}\n`);
  process.exitCode = 1;
}

function wholeNumber(option, text, least, most) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new SetupError(`${option} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`);
  }
  return value;
}
