import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { SIMULATOR_INTERFACES } from "../../sim/ros/interfaces.js";
import { hasInterfaces } from "../../src/ros/environment.js";
import { assertGraphAsDeclared } from "./declared-graph.js";
import { graphEnv, SKIP, startSimulator } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { Seen } from "./stranger.js";

const JOINTS = [1, 2, 3, 4, 5, 6, 7].map((i) => `fr3_joint${i}`).concat("fr3_finger_joint1");

interface SeenJoints extends Seen {
  readonly positions: readonly number[];
}

describe("the simulator node, seen by a stranger", { skip: SKIP, timeout: 300_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let simulator: ChildNode;

  function joints(from: number): Promise<SeenJoints> {
    return stranger.waitFor<SeenJoints>((seen) => seen.event === "sim_joints", "/joint_states", from);
  }

  /** Sends something that must be refused; waits for the log line that says so and checks that the arm stays. */
  async function refused(send: () => void, reason: RegExp): Promise<void> {
    const before = await joints(stranger.mark);
    send();
    const end = performance.now() + 30_000;
    while (!reason.test(simulator.lastLine) && performance.now() < end) {
      await sleep(50);
    }
    assert.match(simulator.lastLine, reason);
    await sleep(300);
    const after = await joints(stranger.mark);
    assert.ok(after.positions.every((position, j) => Math.abs(position - before.positions[j]!) < 1e-3), "the arm must hold");
  }

  before(async () => {
    stranger = await Stranger.start(env);
    simulator = startSimulator(env, ["task:=reach", "seed:=11"]);
  });

  after(async () => {
    await simulator?.end();
    await stranger?.end();
  });

  it("publishes camera, joint states, the task's goal and the true distance", async () => {
    const image = await stranger.waitFor((seen) => seen.event === "sim_image", "/camera/image_raw");
    assert.deepEqual([image["width"], image["height"], image["encoding"], image["step"], image["bytes"]], [96, 96, "rgb8", 288, 96 * 96 * 3]);
    assert.ok((image["spread"] as number) > 60, "there is something to see");
    const info = await stranger.waitFor((seen) => seen.event === "sim_camera_info", "/camera/camera_info");
    assert.equal(info["model"], "plumb_bob");
    assert.deepEqual((info["k"] as number[]).slice(5), [47.5, 0, 0, 1]);
    const state = await joints(0);
    assert.deepEqual(state["names"], JOINTS);
    const goal = await stranger.waitFor((seen) => seen.event === "task_goal", "the goal picture");
    assert.equal(goal["bytes"], 96 * 96 * 3);
    const distance = await stranger.waitFor((seen) => seen.event === "task_distance", "the distance");
    assert.ok((distance["metres"] as number) > 0.05);
    const done = await stranger.waitFor((seen) => seen.event === "task_success", "whether the task is done");
    assert.equal(done["done"], false);
  });

  it("has exactly the topics and services that are declared", async () => {
    const { depth, segmentation, staticTransforms } = SIMULATOR_INTERFACES;
    await assertGraphAsDeclared(stranger, "/jepa_mpc_simulator", SIMULATOR_INTERFACES, [depth, segmentation, ...(hasInterfaces("tf2_msgs") ? [] : [staticTransforms])]);
  });

  it("follows a trajectory", async () => {
    const start = (await joints(stranger.mark)).positions;
    const wanted = start.map((position, j) => position + (j === 0 ? 0.2 : 0));
    stranger.do({ do: "trajectory", names: JOINTS, points: [{ positions: wanted, velocities: JOINTS.map(() => 0), t: 0.5 }] });
    await stranger.waitFor<SeenJoints>((seen) => seen.event === "sim_joints" && Math.abs((seen as SeenJoints).positions[0]! - wanted[0]!) < 5e-3, "the joint's arrival", stranger.mark);
    // The tests after this compare with an arm at rest.
    await sleep(1000);
  });

  it("refuses wrong joint names", async () => {
    const { positions } = await joints(stranger.mark);
    await refused(() => { stranger.do({ do: "trajectory", names: JOINTS.map((name) => `my_${name}`), points: [{ positions, t: 0.5 }] }); }, /refused trajectory: joint "my_fr3_joint1"/);
  });

  it("refuses numbers that are not finite", async () => {
    // JSON has no NaN; Python's float() reads the word.
    await refused(() => { stranger.do({ do: "positions", data: JOINTS.map(() => "nan") }); }, /refused command: position of fr3_joint1 is NaN/);
    const { positions } = await joints(stranger.mark);
    await refused(() => { stranger.do({ do: "trajectory", names: JOINTS, points: [{ positions: ["nan", ...positions.slice(1)], t: 0.5 }] }); }, /refused trajectory: positions of fr3_joint1 .*NaN/);
  });

  it("refuses times that do not increase", async () => {
    const { positions } = await joints(stranger.mark);
    const wanted = positions.map((position) => position + 0.1);
    await refused(() => { stranger.do({ do: "trajectory", names: JOINTS, points: [{ positions: wanted, t: 0.5 }, { positions: wanted, t: 0.5 }] }); }, /refused trajectory: time_from_start/);
  });

  it("starts anew at a reset, its time going on", async () => {
    await stranger.call("SetParameters", "/jepa_mpc_simulator/set_parameters", { values: { seed: 12 } });
    const stamp = (await stranger.waitFor((seen) => seen.event === "sim_image", "a picture", stranger.mark))["stamp"] as number;
    const from = stranger.mark;
    const answer = await stranger.call("Trigger", "/jepa_mpc_simulator/reset");
    assert.equal(answer["success"], true);
    assert.match(answer["message"] as string, /task reach, seed 12/);
    await stranger.waitFor((seen) => seen.event === "task_goal", "the new goal", from);
    const later = await stranger.waitFor((seen) => seen.event === "sim_image" && (seen["stamp"] as number) > stamp, "a later picture", from);
    assert.ok((later["stamp"] as number) < stamp + 60);
    const bad = await stranger.call("SetParameters", "/jepa_mpc_simulator/set_parameters", { values: { task: "fly" } });
    assert.match((bad["results"] as { reason: string }[])[0]!.reason, /task must be one of reach, push, .*none, not "fly"/);
  });

  it("ends with code 0 at SIGINT", async () => {
    process.kill(simulator.pid!, "SIGINT");
    assert.equal(await simulator.ended, "ended with code 0");
  });
});
