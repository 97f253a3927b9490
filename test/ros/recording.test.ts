import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import { listEpisodeFiles } from "../../src/memory/episode-files.js";
import { MemoryIndex } from "../../src/memory/memory-index.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { graphEnv, SKIP, startController } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { Seen } from "./stranger.js";

const STEPS = 4;

describe("the memory of the controller node", { skip: SKIP, timeout: 300_000 }, () => {
  const env = graphEnv();
  const root = mkdtempSync(join(tmpdir(), "jepa-mpc-ros-memory-"));
  const dir = join(root, "memory");
  const blocked = join(root, "blocked");
  let stranger: Stranger;
  let controller: ChildNode | undefined;

  before(async () => {
    stranger = await Stranger.start(env);
    stranger.do({ do: "joints", on: true });
    stranger.do({ do: "camera", on: true, encoding: "rgb8", padding: 0, age_s: 0 });
  });

  // Also where a test has failed: the next one's controller must be the only one.
  afterEach(() => controller?.end());

  after(async () => {
    await stranger?.end();
    rmSync(root, { recursive: true });
  });

  /** Starts a controller and has it make some steps to a goal. */
  async function go(memory: string, goal: string, more: readonly string[] = []): Promise<ChildNode> {
    const from = stranger.mark;
    controller = startController(env, [`memory.dir:=${memory}`, ...more]);
    // The last goal is latched, so a new controller may be on its way to it already.
    await stranger.status((status) => ["idle", "planning", "holding"].includes(status.values["state"]!), "an active controller", from);
    stranger.do({ do: "goal", seed: 5, name: goal });
    await stranger.status((status) => status.values["goal"] === goal && Number(status.values["steps"]) >= STEPS, `${STEPS} steps`, from);
    return controller;
  }

  it("has an episode that it was killed in, after the next start", async () => {
    const killed = await go(dir, "cup-left");
    process.kill(killed.pid!, "SIGKILL");
    await killed.ended;
    const [part] = listEpisodeFiles(dir);
    assert.ok(part?.part);
    const asLeft = await readEpisode(part.path);
    // The newest plan may still have been on its way to the disk.
    assert.ok(asLeft.steps.length >= STEPS - 1, `${asLeft.steps.length} steps`);
    assert.equal(asLeft.header.goal, "cup-left");
    assert.equal(asLeft.header.source, "robot");
    assert.ok(asLeft.header.subGoals[0]?.image !== undefined, "the goal's picture is there");
    assert.deepEqual(asLeft.steps.map(({ index }) => index), asLeft.steps.map((_, i) => i));
    assert.ok(asLeft.steps.every(({ image, jointPositions }) => image.data.some((value) => value > 0) && jointPositions.length === 8));

    const next = await go(dir, "box");
    const [recovered] = listEpisodeFiles(dir);
    assert.equal(recovered?.part, false);
    assert.deepEqual(await readEpisode(recovered.path), asLeft);
    await stranger.call("Trigger", "/jepa_mpc/stop");
    await next.end();
    const episodes = await (await MemoryIndex.open(dir)).episodes();
    const second = episodes.at(-1);
    assert.deepEqual([episodes[0]?.outcome, second?.outcome, second?.goal], ["interrupted", "stopped", "box"]);
    assert.equal(second?.sentence, "Stopped by the user until reset.");
    const { steps, events } = await readEpisode(second.path);
    assert.ok(steps.length >= STEPS);
    assert.ok(events.some(({ state }) => state === "planning") && events.at(-1)?.state === "stopped");
  });

  it("says once that it cannot be written, and the robot goes on", async () => {
    writeFileSync(blocked, "a file where the folder should be");
    const from = stranger.mark;
    const node = await go(blocked, "cup-left");
    const seen = await stranger.waitFor<Seen & { names: string[]; messages: string[] }>(
      (event) => event.event === "diagnostics" && (event["messages"] as string[]).some((message) => message.startsWith("Not recording")), "the diagnostic", from);
    assert.match(seen.messages[seen.names.indexOf("jepa_mpc: memory")]!, /^Not recording in .*blocked/);
    await stranger.status((status) => Number(status.values["steps"]) >= 2 * STEPS, "more steps", from);
    await node.end();
  });

  it("is not there when it is switched off", async () => {
    const off = join(root, "off");
    const from = stranger.mark;
    const node = await go(off, "cup-left", ["memory.enabled:=false"]);
    assert.ok(stranger.seen.slice(from).every((seen) => seen.event !== "diagnostics" || !(seen["names"] as string[]).includes("jepa_mpc: memory")));
    await node.end();
    assert.deepEqual(readdirSync(root).sort(), ["blocked", "memory"]);
  });
});
