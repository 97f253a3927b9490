import assert from "node:assert/strict";
import { mkdtemp, cp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { fr3Model } from "../../src/robot/fr3.js";
import { graphEnv, ROOT, SKIP, startController } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";

const BUNDLE = join(ROOT, "test", "fixtures", "vjepa2-ac-tiny");

describe("the controller node with an exported V-JEPA 2-AC", { skip: SKIP, timeout: 120_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;

  before(async () => { stranger = await Stranger.start(env); });
  after(async () => { await stranger?.end(); });

  it("goes for a goal picture with its seven actions, and does not turn the hand that it must not turn", async () => {
    const controller = startController(env, [`bundle:=${BUNDLE}`, "goal_tolerance:=0.000001"]);
    try {
      stranger.do({ do: "joints", on: true });
      stranger.do({ do: "camera", on: true });
      await stranger.status((status) => status.values["state"] === "idle", "idle");
      const from = stranger.mark;
      stranger.do({ do: "goal", seed: 5, name: "elsewhere" });
      const { names, points } = await stranger.trajectory("a trajectory", from);
      const status = await stranger.status((seen) => Number(seen.values["steps"]) > 1 && seen.values["energy"] !== undefined, "steps", from);
      assert.match(status.message, /Going for/);
      assert.ok(points.at(-1)!.velocities.every((velocity) => velocity === 0), "it must end at rest");
      const arm = await fr3Model(await readFile(join(ROOT, "urdf", "fr3.urdf"), "utf8"));
      const [first, last] = [points[0]!, points.at(-1)!].map(({ positions }) => arm.toolPose(names.map((_, j) => positions[names.indexOf(arm.jointNames[j]!)]!)).rotation);
      const turned = Math.hypot(...Array.from(first!, (value, i) => value - last![i]!)) / Math.SQRT2;
      assert.ok(turned < 0.1, `${turned} rad`);
    } finally {
      await controller.end();
    }
  });

  it("is not configured with actions that nobody knows how to execute", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "jepa-mpc-")), "strange");
    await cp(BUNDLE, folder, { recursive: true });
    const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as { action: { gripper?: string } };
    delete manifest.action.gripper;
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
    let controller: ChildNode | undefined;
    try {
      controller = startController(env, [`bundle:=${folder}`]);
      const ended = await Promise.race([controller.ended, new Promise<string>((resolve) => setTimeout(() => { resolve("still there"); }, 20_000))]);
      const log = await readFile(controller.logFile, "utf8");
      assert.match(log, /actions dx,dy,dz,droll,dpitch,dyaw,gripper with state .* cannot be executed/, ended);
    } finally {
      await controller?.end();
    }
  });
});
