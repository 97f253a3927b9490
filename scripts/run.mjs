#!/usr/bin/env node
// node scripts/run.mjs demo [arguments of `jepa-mpc demo`]
// node scripts/run.mjs test [--without-training] [--with-remote] [test files]
// Both set the checkout up first.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { rosEnvironment } from "./lib/ros-env.mjs";
import { compile, setUp } from "./lib/set-up.mjs";
import { projectRoot, trainingPrefix } from "./lib/paths.mjs";
import { foreground, say, SetupError } from "./lib/shell.mjs";
import { trainingPython } from "./lib/training-env.mjs";

const [what, ...args] = process.argv.slice(2);

try {
  if (what === "demo") {
    process.exitCode = await demo(args);
  } else if (what === "test") {
    process.exitCode = await test(args);
  } else {
    throw new SetupError("usage: node scripts/run.mjs demo|test [arguments]");
  }
} catch (error) {
  if (!(error instanceof SetupError)) {
    throw error;
  }
  process.stderr.write(`jepa-mpc: ${error.message}\n`);
  process.exitCode = 1;
}

async function demo(demoArguments) {
  await setUp();
  return foreground(join(projectRoot, "bin", "jepa-mpc"), ["demo", ...demoArguments], { cwd: projectRoot });
}

/** Lint, types, training's tests, and last the node tests, so that their summary closes the output. */
async function test(testArguments) {
  const files = testArguments.filter((argument) => !["--without-training", "--with-remote"].includes(argument));
  // Named test files are for a quick look; PyTorch is not fetched for them.
  const training = !testArguments.includes("--without-training") && (files.length === 0 || existsSync(trainingPrefix));
  // MLServer and Ray are some 700 MB; without them their tests are skipped, and say so.
  const remote = testArguments.includes("--with-remote");
  await setUp({ training, serving: remote, ray: remote, build: false });

  say("lint");
  const lint = await foreground(process.execPath, [join(projectRoot, "node_modules", "eslint", "bin", "eslint.js"), "."], { cwd: projectRoot });
  if (lint !== 0) {
    return lint;
  }
  say("types");
  compile();

  let failed = 0;
  if (training) {
    say("tests of training/");
    failed = await foreground(trainingPython, ["-m", "pytest", "-q", "training"], { cwd: projectRoot, env: { ...process.env, OMP_NUM_THREADS: "1" } });
  } else {
    say("training/ is not tested in this run");
  }

  say("tests");
  const tests = await foreground(
    process.execPath,
    // One file at a time: several measure time, and the ROS ones share a domain.
    ["--test", "--test-concurrency=1", ...(files.length > 0 ? files : testFiles())],
    { cwd: projectRoot, env: testEnvironment() },
  );
  // Their summary is a thousand lines above the one that ends here with "fail 0".
  if (failed !== 0) say("FAILED: the tests of training/, whose summary is above the other tests");
  return tests === 0 ? failed : tests;
}

/** Tests never meet a robot, nor each other: a domain of their own, on this machine only. */
function testEnvironment() {
  const { env } = rosEnvironment();
  return { ...env, ROS_DOMAIN_ID: String(1 + (process.pid % 100)), ROS_AUTOMATIC_DISCOVERY_RANGE: "LOCALHOST" };
}

function testFiles() {
  // Node 20's test runner does not expand patterns itself.
  const folder = join("dist", "test");
  return readdirSync(join(projectRoot, folder), { recursive: true }).filter((file) => file.endsWith(".test.js")).sort().map((file) => join(folder, file));
}
