import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { checkCpu, checkDiscovery, checkNode, checkRmw, checkRos } from "../../src/cli/doctor-checks.js";
import { PROJECT_ROOT } from "../../src/cli/project.js";
import { NO_ROS, runCli } from "./run-cli.js";

import type { CheckResult } from "../../src/cli/doctor-checks.js";

let dir = "";
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-doctor-")); });
after(() => rm(dir, { recursive: true, force: true }));

test("node versions are compared number by number", () => {
  assert.equal(checkNode("20.20.0", ">=20.20").status, "OK");
  assert.equal(checkNode("22.1.0", ">=20.20").status, "OK");
  assert.equal(checkNode("20.9.0", ">=20.20").status, "FAIL");
  assert.equal(checkNode("18.99.0", ">=20.20").status, "FAIL");
});

test("discovery settings", () => {
  const status = (env: NodeJS.ProcessEnv) => checkDiscovery(env).status;
  assert.equal(status({}), "OK");
  assert.equal(status({ ROS_DOMAIN_ID: "42", ROS_AUTOMATIC_DISCOVERY_RANGE: "LOCALHOST" }), "OK");
  assert.match(checkDiscovery({ ROS_LOCALHOST_ONLY: "1" }).message, /this machine only/);
  assert.equal(status({ ROS_DOMAIN_ID: "abc" }), "FAIL");
  assert.equal(status({ ROS_DOMAIN_ID: "233" }), "FAIL");
  assert.equal(status({ ROS_DOMAIN_ID: "150" }), "WARN");
  assert.equal(status({ ROS_AUTOMATIC_DISCOVERY_RANGE: "NEAR" }), "FAIL");
  assert.equal(status({ ROS_AUTOMATIC_DISCOVERY_RANGE: "OFF" }), "WARN");
  assert.equal(status({ ROS_AUTOMATIC_DISCOVERY_RANGE: "SUBNET", ROS_LOCALHOST_ONLY: "1" }), "WARN");
});

test("ROS 2 and its middleware", async () => {
  await mkdir(join(dir, "prefix", "lib"), { recursive: true });
  await writeFile(join(dir, "prefix", "lib", "librmw_cyclonedds_cpp.so"), "");
  const env = { ROS_DISTRO: "kilted", AMENT_PREFIX_PATH: join(dir, "prefix") };
  assert.deepEqual(checkRos(env), { name: "ros", status: "OK", message: `ROS 2 kilted, sourced (${join(dir, "prefix")})` });
  assert.equal(checkRos({}).status, "FAIL");
  assert.match(checkRos({ ...env, AMENT_PREFIX_PATH: "/gone/prefix" }).message, /\/gone\/prefix, which does not exist/);
  assert.equal(checkRmw(env).status, "OK");
  assert.equal(checkRmw({ ...env, RMW_IMPLEMENTATION: "rmw_cyclonedds_cpp" }).status, "OK");
  const missing = checkRmw({ ...env, RMW_IMPLEMENTATION: "rmw_fastrtps_cpp" });
  assert.equal(missing.status, "FAIL");
  assert.match(missing.advice ?? "", /rmw_cyclonedds_cpp/);
});

test("a busy machine is a warning", () => {
  assert.equal(checkCpu(4, 1.5).status, "OK");
  assert.equal(checkCpu(4, 4.5).status, "WARN");
  assert.match(checkCpu(1, 0).message, /^1 core,/);
});

test("doctor: one line a check, JSON the same, code 1 exactly when something fails", async () => {
  const env = { JEPA_MPC_GOALS: join(dir, "goals"), JEPA_MPC_BUNDLE: join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle"), ...NO_ROS };
  const { code, stdout, stderr } = await runCli(["doctor", "--json"], env);
  assert.equal(stderr, "");
  const report = JSON.parse(stdout) as { ok: boolean; checks: CheckResult[] };
  const status = new Map(report.checks.map((check) => [check.name, check.status]));
  assert.deepEqual([...status.keys()], ["node", "ros", "rmw", "rclnodejs", "discovery", "onnxruntime", "mujoco", "pictures", "charts", "bundle", "goals", "cpu", "memory"]);
  for (const name of ["node", "onnxruntime", "mujoco", "pictures", "charts", "bundle"]) {
    assert.equal(status.get(name), "OK", JSON.stringify(report.checks.find((check) => check.name === name)));
  }
  assert.equal(status.get("ros"), "FAIL");
  assert.equal(report.ok, false);
  assert.equal(code, 1);

  const text = await runCli(["doctor", "--bundle", join(dir, "nowhere")], env);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /^FAIL {2}bundle +--bundle ".*nowhere" is no bundle/m);
  assert.ok(text.stdout.trimEnd().split("\n").every((line) => /^(OK {2}|WARN|FAIL) {2}\w+ +\S/.test(line)), text.stdout);
});
