import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { packedPicture } from "./action-goals.js";
import { graphEnv, SKIP, startController } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";

describe("a camera whose pictures are compressed", { skip: SKIP, timeout: 120_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;
  let controller: ChildNode;

  before(async () => {
    stranger = await Stranger.start(env);
    controller = startController(env, ["image_transport:=compressed"]);
    stranger.do({ do: "joints", on: true });
  });

  after(async () => {
    await controller?.end();
    await stranger?.end();
  });

  it("is seen, and a damaged picture is only a line in the log", async () => {
    await stranger.status((status) => status.values["hold_reason"] === "waiting_for_camera", "waiting");
    const png = await packedPicture(0);
    stranger.do({ do: "camera", on: true, encoding: "png", png: png.slice(0, 120) });
    const from = stranger.mark;
    await stranger.status((status) => status.values["hold_reason"] === "waiting_for_camera" && /image: the picture is a damaged PNG/.test(controller.lastLine), "a complaint", from);
    stranger.do({ do: "camera", png });
    await stranger.status((status) => status.values["state"] === "idle", "idle", from);
    stranger.do({ do: "goal", seed: 0, name: "here" });
    await stranger.status((status) => status.values["state"] === "reached", "the goal", from);
  });

  it("is missed when it stops", async () => {
    stranger.do({ do: "goal", seed: 5, name: "elsewhere" });
    await stranger.status((status) => status.values["goal"] === "elsewhere" && Number(status.values["steps"]) > 0, "a step");
    const from = stranger.mark;
    stranger.do({ do: "camera", on: false });
    const held = await stranger.status((status) => status.values["hold_reason"] === "camera_stale", "the hold", from);
    assert.match(held.message, /no camera picture for/);
  });
});
