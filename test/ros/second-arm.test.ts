import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ChildNode } from "../../src/demo/child-node.js";
import { readNpy } from "../sim/read-npy.js";
import { graphEnv, ROOT, SKIP, startSimulator } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { Seen } from "./stranger.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-second-arm-"));
const CLI = join(ROOT, "dist/src/cli/main.js");
const PATIENCE_MS = 150_000;

/** The command line as a process; its whole log can be read. */
function jepaMpc(env: NodeJS.ProcessEnv, name: string, args: readonly string[]): { readonly node: ChildNode; readonly log: () => string } {
  const node = new ChildNode(name, CLI, args, join(folder, `${name}.log`), env);
  // The file comes with the first line.
  return { node, log: () => existsSync(node.logFile) ? readFileSync(node.logFile, "utf8") : "" };
}

/** Episodes in a data set that may not be there yet. */
function wholeEpisodes(out: string): number {
  return existsSync(out) ? readdirSync(out).filter((name) => /^shard-\d+$/.test(name)).length : 0;
}

async function until(holds: () => boolean, what: string, log: () => string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !holds();) {
    if (performance.now() > end) throw new Error(`${what} did not come; the log: ${log().slice(-1500)}`);
    await sleep(100);
  }
}

describe("the second arm on the graph", { skip: SKIP, timeout: 600_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let simulator: ChildNode;

  before(async () => {
    stranger = await Stranger.start(env);
    simulator = startSimulator(env, ["robot:=so101", "task:=reach", "seed:=10004"]);
    const joints = await stranger.waitFor<Seen & { names: string[] }>((seen) => seen.event === "sim_joints", "/joint_states");
    assert.deepEqual(joints.names, ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"]);
  });

  after(async () => {
    await simulator?.end();
    await stranger?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it("reaches a goal picture by joint deltas, with the bundle that ships, through run --robot", async () => {
    const { node, log } = jepaMpc(env, "controller", [
      "run", "--robot", "so101", "--bundle", join(ROOT, "models/extra/so101-reach"), "--sim-time", "--",
      "-r", "image:=camera/image_raw", "-r", "~/goal_image:=jepa_mpc_simulator/task_goal_image",
    ]);
    try {
      await until(() => /configured: so101-reach, joint_delta every 0\.2 s/.test(log()), "the configuration", log);
      const from = stranger.mark;
      const far = await stranger.waitFor<Seen & { metres: number }>((seen) => seen.event === "task_distance", "the distance", from);
      assert.ok(far.metres > 0.05, `it begins ${far.metres} m away`);
      await stranger.waitFor((seen) => seen.event === "task_success" && seen["done"] === true, "the tool at its place", from, PATIENCE_MS);
    } finally {
      await node.end();
    }
  });

  it("is recorded while it moves itself: whole episodes of what really happened, and it ends at as many as were asked for", async () => {
    const out = join(folder, "explored");
    const { node, log } = jepaMpc(env, "recorder", ["record", out, "--robot", "so101", "--explore", "--sim-time", "--episodes", "2", "--steps", "6", "--image-size", "64"]);
    const ended = await node.ended;
    assert.equal(ended, "ended with code 0", log());
    assert.match(log(), /THE ARM WILL MOVE BY ITSELF/);
    assert.match(log(), /2 episodes of 6 actions in /);
    const shards = readdirSync(out).filter((name) => name.startsWith("shard-"));
    assert.deepEqual(shards.toSorted(), ["shard-00000", "shard-00001"]);
    const limits = [0.1, 0.1, 0.1, 0.12, 0.3, 0.25];
    let moved = 0;
    for (const shard of shards) {
      const [states, actions] = [readNpy(join(out, shard, "states.npy")), readNpy(join(out, shard, "actions.npy"))];
      assert.deepEqual([states.shape, actions.shape, readNpy(join(out, shard, "images.npy")).shape], [[1, 7, 6], [1, 6, 6], [1, 7, 64, 64, 3]]);
      actions.data.forEach((delta, i) => {
        // A picture may be up to a quarter of a period off the grid, and so may the time between two.
        assert.ok(Math.abs(delta) <= 1.5 * limits[i % 6]! + 1e-6, `joint ${i % 6} was sent ${delta}`);
        moved = Math.max(moved, Math.abs(states.data[i + 6]! - states.data[i]!));
      });
    }
    assert.ok(moved > 0.01, "the arm moved");
    assert.equal((JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) as { player: string }).player, "explorer");
    const from = stranger.mark;
    const again = jepaMpc(env, "again", ["record", out, "--robot", "so101", "--explore", "--sim-time", "--episodes", "2", "--steps", "6", "--image-size", "64"]);
    assert.equal(await again.node.ended, "ended with code 0", again.log());
    assert.match(again.log(), /there are 2 episodes already[^]*2 episodes of 6 actions in /);
    assert.ok(stranger.seen.slice(from).every(({ event }) => event !== "trajectory"), "the arm is left alone");
  });

  it("holds, and the recording ends with one line, when the folder cannot be written to any more", async () => {
    const out = join(folder, "lost");
    const { node, log } = jepaMpc(env, "lost", ["record", out, "--robot", "so101", "--explore", "--sim-time", "--steps", "4", "--image-size", "64"]);
    await until(() => wholeEpisodes(out) >= 1, "an episode", log);
    renameSync(out, `${out}-aside`);
    assert.equal(await node.ended, "ended with code 1", log());
    const errors = log().split("\n").filter((line) => line.includes("[ERROR]"));
    assert.equal(errors.length, 1, log());
    assert.match(errors[0]!, /cannot write \S+lost\/shard-0000\d: it is not there \(was it removed by another process\?\); the recording ends$/);
    assert.match(log().trimEnd().split("\n").at(-1)!, /^[1-9]\d* episodes of 4 actions in /);
    assert.ok(!existsSync(out) && readdirSync(`${out}-aside`).every((name) => !name.endsWith(".part")));
    // The tail of the last trajectory is a stop.
    await sleep(2000);
    const positions = async (): Promise<number[]> => (await stranger.waitFor<Seen & { positions: number[] }>((seen) => seen.event === "sim_joints", "/joint_states", stranger.mark)).positions;
    const before = await positions();
    await sleep(1000);
    (await positions()).forEach((position, j) => { assert.ok(Math.abs(position - before[j]!) < 2e-3, `joint ${j} went from ${before[j]!} to ${position}`); });
  });

  it("is recorded by hand without being touched; an interruption keeps whole episodes and nothing half", async () => {
    const out = join(folder, "by-hand");
    const still = await stranger.waitFor<Seen & { positions: number[] }>((seen) => seen.event === "sim_joints", "/joint_states", stranger.mark);
    const { node, log } = jepaMpc(env, "by-hand", ["record", out, "--robot", "so101", "--sim-time", "--steps", "4", "--image-size", "64", "--joints", "gripper,shoulder_pan"]);
    await until(() => wholeEpisodes(out) >= 1, "an episode", log);
    await node.end();
    assert.match(log(), /\d+ episodes of 4 actions in /);
    assert.ok(readdirSync(out).every((name) => !name.endsWith(".part")));
    const states = readNpy(join(out, "shard-00000", "states.npy"));
    assert.deepEqual(states.shape, [1, 5, 2]);
    assert.ok(Math.abs(states.data[0]! - still.positions[5]!) < 1e-3 && Math.abs(states.data[1]! - still.positions[0]!) < 1e-3, "the joints in the order that was asked for");
  });
});
