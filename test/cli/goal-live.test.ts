import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { GoalLibrary } from "../../src/goals/goal-library.js";
import { captureImage } from "../../src/ros/capture-image.js";
import { SKIP_ACTION } from "../ros/action-goals.js";
import { graphEnv, ROOT, startController, startSimulator } from "../ros/graph.js";
import { assertOneLine, runCli } from "./run-cli.js";

import type { ChildNode } from "../../src/demo/child-node.js";

describe("goals with the simulator and the shipped model running", { skip: SKIP_ACTION, timeout: 300_000 }, () => {
  const env = graphEnv();
  let simulator: ChildNode;
  let controller: ChildNode;
  let library: GoalLibrary;
  const cli = (...args: string[]) => runCli(["goal", ...args], { ...env, JEPA_MPC_GOALS: library.dir, JEPA_MPC_BUNDLE: join(ROOT, "models", "arm-objects-jepa") });

  before(async () => {
    Object.assign(process.env, { ROS_DOMAIN_ID: env["ROS_DOMAIN_ID"], ROS_AUTOMATIC_DISCOVERY_RANGE: env["ROS_AUTOMATIC_DISCOVERY_RANGE"] });
    library = new GoalLibrary(await mkdtemp(join(tmpdir(), "jepa-mpc-live-")));
    simulator = startSimulator(env, ["seed:=3"]);
    await library.add("here", await captureImage({ topic: "/camera/image_raw", timeoutS: 60 }), "a test");
    const goal = await captureImage({ topic: "/camera/image_raw", timeoutS: 60 });
    // A picture of nothing that the model has seen.
    await library.add("stripes", { ...goal, data: Uint8Array.from(goal.data, (_, i) => ((i >> 4) % 2) * 255) }, "a test");
    await library.sequences.add("twice", [{ goal: "here", tolerance: 10 }, { goal: "here", tolerance: 5 }]);
    await library.sequences.add("too-near", [{ goal: "here", tolerance: 10 }, { goal: "here", tolerance: 1e-9 }]);
    await library.sequences.add("bad-end", [{ goal: "here" }, { goal: "stripes" }]);
  });

  after(async () => {
    await controller?.end();
    await simulator?.end();
  });

  it("checks from what the camera and the joints say now, and moves nothing", async () => {
    const there = await cli("check", "here", "--timeout", "30");
    assert.equal(there.code, 0, there.stderr);
    assert.match(there.stdout, /^Yes: it is there already/);
    const bad = await cli("check", "bad-end", "--timeout", "30");
    assert.equal(bad.code, 1, bad.stderr);
    assert.match(bad.stdout, /\nSequence bad-end does not look reachable: stripes\.\n$/);
    assertOneLine(await cli("check", "here", "--joint-states", "/nobody", "--timeout", "3"), 1, /no joint states came on \/nobody in 3 s; nobody publishes them/);
  });

  it("says which goal the camera sees", async () => {
    const { stdout, stderr } = await cli("nearest", "--camera", "-k", "1", "--timeout", "30");
    assert.match(stdout, /\nhere .* the same scene, as the model sees it\n/, stderr);
  });

  it("sends a sequence with its tolerances; a goal unlike those of training is refused by the node", async () => {
    controller = startController(env, [`bundle:=${join(ROOT, "models", "arm-objects-jepa")}`, "use_sim_time:=true", `goals_dir:=${library.dir}`], ["image:=camera/image_raw"]);
    const sent = await cli("send", "twice", "--timeout", "60", "--within", "60");
    assert.equal(sent.code, 0, JSON.stringify(sent));
    assert.match(sent.stdout, /^goal twice reached \(/);
    assert.match(sent.stderr, /^[12] of 2, (planning|reached): |preparing: /m);
    const tooNear = await cli("send", "too-near", "--timeout", "60", "--within", "4");
    assert.match(tooNear.stderr, /TIMEOUT: Not reached within 4 s/, "the tolerance of its last goal is one that no picture has");
    const refused = await cli("send", "stripes", "--timeout", "60");
    assert.equal(refused.code, 1, JSON.stringify(refused));
    assert.match(refused.stderr, /INVALID_GOAL: The goal picture "stripes" is unlike those of training \([\d.]+ times the threshold\)/);
    const named = await cli("send", "twice", "--by-name", "--timeout", "30");
    assert.deepEqual([named.code, named.stdout], [0, "goal twice sent to /jepa_mpc\n"]);
    for (let i = 0; i < 100 && !/goal "twice"$|Reached "twice"/.test(controller.lastLine); i++) await sleep(100);
    assert.match(controller.lastLine, /"twice"/);
    assertOneLine(await cli("send", "twice", "--topic", "--timeout", "30"), 1, /2 goals need the action/);
  });
});
