import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { decodeRawImage } from "../../src/camera/encodings.js";
import { writePngFile } from "../../src/camera/files.js";
import { TYPES } from "../../src/ros/messages.js";
import { RosNode } from "../../src/ros/ros-node.js";
import { SKIP_ACTION } from "../ros/action-goals.js";
import { graphEnv, ROOT, startController, startSimulator } from "../ros/graph.js";
import { assertOneLine, runCli } from "./run-cli.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { ImageMessage } from "../../src/ros/messages.js";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

describe("goal send, with the simulator and the shipped model", { skip: SKIP_ACTION, timeout: 200_000 }, () => {
  const env = graphEnv();
  let simulator: ChildNode;
  let controller: ChildNode;
  let goal = "";

  const send = (...args: string[]) => runCli(["goal", "send", goal, "--timeout", "30", ...args], env);

  before(async () => {
    Object.assign(process.env, { ROS_DOMAIN_ID: env["ROS_DOMAIN_ID"], ROS_AUTOMATIC_DISCOVERY_RANGE: env["ROS_AUTOMATIC_DISCOVERY_RANGE"] });
    simulator = startSimulator(env, ["seed:=3"]);
    controller = startController(env, [`bundle:=${join(ROOT, "models", "arm-objects-jepa")}`, "use_sim_time:=true"], ["image:=camera/image_raw"]);
    const ros = await RosNode.create("goal_send_test", { argv: [], lifecycle: false });
    const message = await new Promise<ReturnType<typeof decodeRawImage>>((resolve) => {
      ros.subscribe<ImageMessage>(TYPES.image, "/jepa_mpc_simulator/task_goal_image", "latched", (image) => { resolve(decodeRawImage(image)); });
      ros.spin();
    });
    ros.close();
    goal = join(await mkdtemp(join(tmpdir(), "jepa-mpc-send-")), "goal.png");
    await writePngFile(goal, message);
  });

  after(async () => {
    await controller?.end();
    await simulator?.end();
  });

  it("cancels at Ctrl-C, with code 130", async () => {
    const child = spawn(process.execPath, [MAIN, "goal", "send", goal, "--timeout", "30", "--tolerance", "1e-9"], { env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
    const code = new Promise((resolve) => { child.on("close", resolve); });
    await new Promise<void>((resolve) => {
      child.stderr.on("data", (data: Buffer) => {
        if (data.toString().includes("planning")) {
          resolve();
        }
      });
    });
    child.kill("SIGINT");
    assert.equal(await code, 130);
    assert.match(out, /goal\.png: CANCELED: Canceled\. \(\d/);
  });

  it("says that the goal was not reached in time, with code 1", async () => {
    const result = await send("--tolerance", "1e-9", "--within", "1");
    assert.equal(result.code, 1, JSON.stringify(result));
    assert.match(result.stderr, /jepa-mpc: goal .*goal\.png: TIMEOUT: Not reached within 1 s\. \(1\.\d s, \d+ steps?, energy /);
  });

  it("goes there, with code 0", async () => {
    const result = await send("--within", "60");
    assert.equal(result.code, 0, JSON.stringify(result));
    assert.match(result.stdout, /^goal .*goal\.png reached \(\d+\.\d s, \d+ steps?, energy \S+\)\n$/);
    assert.match(result.stderr, /^(preparing|planning): /);
  });

  it("only publishes with --topic, and one picture", async () => {
    const result = await send("--topic");
    assert.deepEqual([result.code, result.stdout], [0, `goal ${goal} sent to /jepa_mpc\n`]);
    assertOneLine(await runCli(["goal", "send", `${goal},${goal}`, "--topic"], env), 1, /2 goals need the action/);
  });

  it("says in one line when the controller refuses", async () => {
    await controller.end();
    controller = startController(env, ["autostart:=false"]);
    assertOneLine(await runCli(["goal", "send", goal, "--timeout", "2"], env), 1, /nobody listens on \/jepa_mpc\/goal_image \(waited 2 s\)/);
  });
});
