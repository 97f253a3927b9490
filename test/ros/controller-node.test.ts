import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { GoalLibrary } from "../../src/goals/goal-library.js";
import { graphEnv, ROOT, SKIP, startController, startControllerWith, TINY_BUNDLE } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { Seen, SeenStatus, SeenTrajectory } from "./stranger.js";

const JOINTS = [1, 2, 3, 4, 5, 6, 7].map((i) => `fr3_joint${i}`).concat("fr3_finger_joint1");
/** rad/s; a little above the fastest of the arm's limits. */
const FASTEST = 5.3;

/** Planning, and a step was sent. */
function moving(status: SeenStatus): boolean {
  return status.values["state"] === "planning" && Number(status.values["steps"]) > 0;
}

function assertSane(trajectory: SeenTrajectory): void {
  assert.deepEqual(trajectory.names, JOINTS);
  assert.ok(trajectory.points.length > 0);
  let before = 0;
  for (const { positions, velocities, t } of trajectory.points) {
    assert.ok(t > before, `times must increase: ${t} after ${before}`);
    before = t;
    assert.equal(positions.length, JOINTS.length);
    assert.equal(velocities.length, JOINTS.length);
    assert.ok(positions.every((position) => Number.isFinite(position) && Math.abs(position) < 4.7), String(positions));
    assert.ok(velocities.every((velocity) => Math.abs(velocity) <= FASTEST), String(velocities));
  }
  assert.ok(trajectory.points.at(-1)!.velocities.every((velocity) => velocity === 0), "it must end at rest");
}

describe("the controller node, seen by a stranger", { skip: SKIP, timeout: 400_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let controller: ChildNode;

  /** From wherever the last test left things to moving toward a goal. */
  async function move(): Promise<void> {
    stranger.do({ do: "camera", on: true, encoding: "rgb8", padding: 0, age_s: 0 });
    stranger.do({ do: "joints", on: true, nan: false, names: JOINTS });
    const reset = stranger.mark;
    await stranger.call("Trigger", "/jepa_mpc/reset");
    await stranger.status((status) => status.values["state"] === "idle", "idle after a reset", reset);
    const from = stranger.mark;
    stranger.do({ do: "goal", seed: 5, name: `goal-${from}` });
    await stranger.status((status) => moving(status) && status.values["goal"] === `goal-${from}`, "a step", from);
  }

  before(async () => {
    stranger = await Stranger.start(env);
    controller = startController(env);
  });

  after(async () => {
    await controller?.end();
    await stranger?.end();
  });

  it("says what it waits for, then that it has no goal", async () => {
    const waiting = await stranger.status((status) => status.values["state"] === "waiting_for_inputs", "waiting");
    assert.match(waiting.message, /Waiting for the first/);
    assert.equal(waiting.level, 1);
    stranger.do({ do: "joints", on: true });
    stranger.do({ do: "camera", on: true });
    const idle = await stranger.status((status) => status.values["state"] === "idle", "idle", stranger.mark);
    assert.equal(idle.values["hold_reason"], "no_goal");
    assert.equal(idle.name, "jepa_mpc: idle");
    await stranger.waitFor((seen) => seen.event === "diagnostics" && (seen["names"] as string[]).includes("jepa_mpc: inputs"), "/diagnostics");
  });

  it("is a lifecycle node that came up by itself", async () => {
    const { state } = await stranger.call("GetState", "/jepa_mpc/get_state");
    assert.equal(state, "active");
    const again = await stranger.call("ChangeState", "/jepa_mpc/change_state", { label: "configure" });
    assert.equal(again["success"], false, "a transition that does not exist here is answered");
  });

  it("describes its parameters and refuses bad values with the reason", async () => {
    const { descriptions } = await stranger.call("DescribeParameters", "/jepa_mpc/describe_parameters",
      { names: ["planner.samples", "command_interface", "joint_limits.fr3_joint1.max_velocity"] });
    const [samples, commands, limit] = descriptions as { description: string; constraints: string; range: number[][] }[];
    assert.match(samples!.description, /first iteration/);
    assert.deepEqual(samples!.range, [[0, 65536]]);
    assert.match(commands!.constraints, /one of joint_trajectory, forward_position, forward_velocity/);
    assert.match(limit!.description, /rad\/s/);

    const set = async (name: string, value: unknown): Promise<{ ok: boolean; reason: string }> => {
      const answer = await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { [name]: value } });
      return (answer["results"] as { ok: boolean; reason: string }[])[0]!;
    };
    assert.match((await set("planner.deadline_ms", -1)).reason, /planner\.deadline_ms must lie in 0 to 60000, not -1/);
    assert.match((await set("planner.deadline_ms", "fast")).reason, /must be of type double, not "fast"/);
    assert.match((await set("planner.samples", 32)).reason, /planner\.samples is static/);
    assert.deepEqual(await set("planner.deadline_ms", 150), { ok: true, reason: "" });
    const { values } = await stranger.call("GetParameters", "/jepa_mpc/get_parameters", { names: ["planner.deadline_ms"] });
    assert.deepEqual(values, [150]);
    assert.equal((await set("nonsense", 1)).ok, false);
  });

  it("goes for a goal picture with trajectories that keep the limits and end at rest", async () => {
    const from = stranger.mark;
    await move();
    const trajectory = await stranger.trajectory("a trajectory", from);
    assertSane(trajectory);
    const status = await stranger.status((seen) => moving(seen) && seen.values["plan_ms"] !== undefined, "a step with its time", from);
    assert.match(status.message, /Going for/);
    assert.equal(status.level, 0);
    assert.ok(Number(status.values["energy"]) > 0);
    const plan = await stranger.waitFor<Seen & { data: number[]; sizes: number[] }>((seen) => seen.event === "plan", "~/plan", from);
    assert.equal(plan.data.length, plan.sizes[0]! * plan.sizes[1]!);
  });

  it("takes padded bgra8 pictures", async () => {
    stranger.do({ do: "camera", encoding: "bgra8", padding: 12 });
    const from = stranger.mark;
    await move().catch(() => undefined);
    stranger.do({ do: "camera", encoding: "bgra8", padding: 12 });
    await sleep(800);
    const status = await stranger.status((seen) => seen.values["state"] !== "waiting_for_inputs", "a status", stranger.mark);
    assert.notEqual(status.values["hold_reason"], "camera_stale");
    assert.ok(from < stranger.mark);
  });

  it("holds with the reason when the camera stops, and goes on when it is back", async () => {
    await move();
    let from = stranger.mark;
    stranger.do({ do: "camera", on: false });
    const held = await stranger.status((status) => status.values["hold_reason"] === "camera_stale", "the hold", from);
    assert.equal(held.values["state"], "holding");
    assert.match(held.message, /no camera picture for/);
    assert.equal(held.level, 1);
    const stop = await stranger.trajectory("the stop", from);
    assertSane(stop);
    from = stranger.mark;
    stranger.do({ do: "camera", on: true });
    await stranger.status(moving, "a step after the camera is back", from);
  });

  it("holds when pictures arrive old", async () => {
    await move();
    const from = stranger.mark;
    stranger.do({ do: "camera", age_s: 3 });
    await stranger.status((status) => status.values["hold_reason"] === "camera_stale", "the hold", from);
    stranger.do({ do: "camera", age_s: 0 });
  });

  it("holds when a joint state is not a number", async () => {
    await move();
    const from = stranger.mark;
    stranger.do({ do: "joints", nan: true });
    const held = await stranger.status((status) => status.values["state"] === "holding", "the hold", from);
    assert.ok(held.message.startsWith("Holding"), held.message);
    for (const seen of stranger.seen.slice(from)) {
      if (seen.event === "trajectory") {
        assertSane(seen as SeenTrajectory);
      }
    }
    stranger.do({ do: "joints", nan: false });
  });

  it("stops until it is reset", async () => {
    await move();
    let from = stranger.mark;
    assert.equal((await stranger.call("Trigger", "/jepa_mpc/stop"))["success"], true);
    await stranger.status((status) => status.values["state"] === "stopped", "stopped", from);
    from = stranger.mark;
    stranger.do({ do: "goal", seed: 7, name: "too-early" });
    await sleep(1000);
    assert.equal(stranger.seen.slice(from).filter((seen) => seen.event === "trajectory").length, 0, "nothing moves while stopped");
    await move();
  });

  it("pauses and goes on to the same goal", async () => {
    await move();
    assert.equal((await stranger.call("SetBool", "/jepa_mpc/pause", { data: true }))["success"], true);
    let from = stranger.mark;
    const paused = await stranger.status((status) => status.values["state"] === "idle", "the pause", from);
    assert.match(paused.message, /Paused/);
    from = stranger.mark;
    assert.equal((await stranger.call("SetBool", "/jepa_mpc/pause", { data: false }))["success"], true);
    await stranger.status(moving, "a step after the pause", from);
  });

  it("holds when it is deactivated, and can be configured anew", async () => {
    await move();
    let from = stranger.mark;
    for (const label of ["deactivate", "cleanup"]) {
      assert.equal((await stranger.call("ChangeState", "/jepa_mpc/change_state", { label }))["success"], true, label);
    }
    assertSane(await stranger.trajectory("the hold", from));
    const set = await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { "planner.samples": 32, "planner.method": "cem" } });
    assert.deepEqual((set["results"] as { ok: boolean }[]).map(({ ok }) => ok), [true, true]);
    const bad = await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { bundle: "/nowhere" } });
    assert.equal((bad["results"] as { ok: boolean }[])[0]!.ok, true);
    assert.equal((await stranger.call("ChangeState", "/jepa_mpc/change_state", { label: "configure" }))["success"], false, "no such bundle");
    await stranger.call("SetParameters", "/jepa_mpc/set_parameters", { values: { bundle: TINY_BUNDLE } });
    for (const label of ["configure", "activate"]) {
      assert.equal((await stranger.call("ChangeState", "/jepa_mpc/change_state", { label }))["success"], true, label);
    }
    from = stranger.mark;
    await move();
    assertSane(await stranger.trajectory("a trajectory after all that", from));
  });

  it("sends the hold and ends with code 0 at SIGTERM", async () => {
    await move();
    const from = stranger.mark;
    const sentMs = performance.now();
    process.kill(controller.pid!, "SIGTERM");
    assert.equal(await controller.ended, "ended with code 0");
    assert.ok(performance.now() - sentMs < 2000, `it took ${(performance.now() - sentMs).toFixed(0)} ms`);
    const status = await stranger.status((seen) => seen.values["hold_reason"] === "shutdown", "the last status", from);
    assert.equal(status.message, "Shut down.");
    // Two topics: the status may overtake the hold.
    await sleep(300);
    const hold = stranger.seen.slice(from).filter((seen) => seen.event === "trajectory").at(-1) as SeenTrajectory | undefined;
    assert.ok(hold !== undefined, "a hold goes out");
    assertSane(hold);
  });
});

describe("starting the controller node", { skip: SKIP, timeout: 300_000 }, () => {
  it("refuses a bad parameter in one line", async () => {
    const node = startController(graphEnv(), ["planner.samples:=3"]);
    assert.equal(await node.ended, "ended with code 1");
    assert.match(node.lastLine, /planner\.samples.*do not fit together: candidates is 3: must be a whole number of at least 4/);
  });

  it("refuses a bundle that is not there in one line", async () => {
    const node = startController(graphEnv(), ["bundle:=/nowhere"]);
    assert.equal(await node.ended, "ended with code 1");
    assert.match(node.lastLine, /bundle "\/nowhere" does not exist/);
  });

  it("reads parameter files that name the node as /**, by its bare name and by its full name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-params-"));
    for (const name of ["/**", "jepa_mpc", "/cell/jepa_mpc"]) {
      const file = join(folder, "params.yaml");
      await writeFile(file, `${name}:\n  ros__parameters:\n    planner:\n      samples: 3\n`);
      const node = startControllerWith(graphEnv(), ["--ros-args", "-r", "__ns:=/cell", "--params-file", file]);
      assert.equal(await node.ended, "ended with code 1", name);
      assert.match(node.lastLine, /planner\.samples.*candidates is 3: must be a whole number of at least 4/, name);
    }
  });

  it("takes the robot from robot_description and goals by name", async () => {
    const env = graphEnv();
    const goals = await mkdtemp(join(tmpdir(), "jepa-mpc-goals-"));
    await new GoalLibrary(goals).add("there", { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).map((_, i) => i % 251) }, "a test");
    const stranger = await Stranger.start(env);
    const node = startController(env, ["urdf:=''", `goals_dir:=${goals}`, "robot_description_timeout_s:=40.0"]);
    try {
      stranger.do({ do: "description", file: join(ROOT, "urdf", "fr3.urdf") });
      stranger.do({ do: "camera", on: true });
      stranger.do({ do: "joints", on: true });
      await stranger.status((status) => status.values["state"] === "idle", "idle");
      stranger.do({ do: "goal_name", name: "nowhere" });
      stranger.do({ do: "goal_name", name: "there" });
      await stranger.status((status) => moving(status) && status.values["goal"] === "there", "a step");
    } finally {
      await node.end();
      await stranger.end();
    }
  });

  it("streams positions for a forward command controller", async () => {
    const env = graphEnv();
    const stranger = await Stranger.start(env);
    const node = startController(env, ["command_interface:=forward_position"]);
    try {
      stranger.do({ do: "camera", on: true });
      stranger.do({ do: "joints", on: true });
      await stranger.status((status) => status.values["state"] === "idle", "idle");
      stranger.do({ do: "goal", seed: 5, name: "goal" });
      const first = await stranger.waitFor<Seen & { data: number[] }>((seen) => seen.event === "positions", "a position command");
      assert.equal(first.data.length, JOINTS.length);
      await sleep(1500);
      const commands = stranger.seen.filter((seen) => seen.event === "positions") as (Seen & { data: number[] })[];
      assert.ok(commands.length > 30, `${commands.length} commands`);
      for (const [i, command] of commands.entries()) {
        const last = commands[i - 1];
        if (last !== undefined) {
          // 50 Hz: no joint may jump further than a few periods of its fastest motion.
          assert.ok(command.data.every((value, j) => Math.abs(value - last.data[j]!) < 0.2), `jump at ${i}`);
        }
      }
    } finally {
      await node.end();
      await stranger.end();
    }
  });
});
