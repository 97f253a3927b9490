import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import { MemoryIndex } from "../../src/memory/memory-index.js";
import { graphEnv, ROOT, SKIP, startController, startSimulator } from "./graph.js";
import { Stranger } from "./stranger.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { Seen, SeenStatus } from "./stranger.js";

const PATIENCE_MS = 120_000;

describe("what a controller learns and remembers while it works, with the simulator", { skip: SKIP, timeout: 600_000 }, () => {
  const env = graphEnv();
  const dir = mkdtempSync(join(tmpdir(), "jepa-mpc-learned-"));
  const file = join(dir, "adaptation.json");
  let stranger: Stranger;
  let simulator: ChildNode | undefined;
  let controller: ChildNode | undefined;

  before(async () => { stranger = await Stranger.start(env); });

  afterEach(async () => {
    await controller?.end();
    await simulator?.end();
  });

  after(async () => {
    await stranger?.end();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The simulated reach of one seed, from its start, slowly enough for a busy machine. */
  function start(more: readonly string[]): void {
    simulator = startSimulator(env, ["task:=reach", "seed:=10004", "realtime_factor:=0.4"]);
    controller = startController(env, [
      "use_sim_time:=true", `bundle:=${join(ROOT, "models", "arm-objects-jepa")}`, `memory.dir:=${dir}`, "surprise.enabled:=false", ...more,
    ], ["image:=camera/image_raw", "~/goal_image:=jepa_mpc_simulator/task_goal_image"]);
  }

  const status = (holds: (seen: SeenStatus) => boolean, what: string, from: number): Promise<SeenStatus> =>
    stranger.waitFor<Seen & SeenStatus>((seen) => seen.event === "status" && holds(seen as SeenStatus), what, from, PATIENCE_MS);
  const learnedSteps = (): number => (JSON.parse(readFileSync(file, "utf8")) as { steps: number }).steps;

  it("adapts, keeps what it learned when a goal has ended, and goes on with it after a restart", async () => {
    let from = stranger.mark;
    start(["adaptation.enabled:=true"]);
    const moved = await status(({ values }) => Number(values["adaptation_steps"] ?? 0) >= 3, "steps that were learned from", from);
    assert.match(moved.values["adaptation_gain_x"] ?? "", /^\d/);
    await stranger.call("Trigger", "/jepa_mpc/stop");
    await status(({ values }) => values["state"] === "stopped", "the stop", from);
    await controller!.end();
    assert.ok(existsSync(file));
    const kept = learnedSteps();
    assert.ok(kept >= 3, `${kept} steps`);
    await simulator!.end();

    from = stranger.mark;
    start(["adaptation.enabled:=true"]);
    const first = await status(({ values }) => values["adaptation_steps"] !== undefined, "a status", from);
    assert.ok(Number(first.values["adaptation_steps"]) >= kept, `it begins with ${first.values["adaptation_steps"]} steps, ${kept} were kept`);
  });

  it("looks at what went well before, when it may and there is something", async () => {
    let from = stranger.mark;
    start(["memory.recall:=true"]);
    const unknown = await status(({ values }) => values["recalled"] !== undefined, "a plan that asked the memory", from);
    assert.equal(unknown.values["recalled"], "0", "no episode has reached a goal");
    await status(({ values }) => values["state"] === "reached", "the goal", from);
    await controller!.end();
    await simulator!.end();
    const episodes = await (await MemoryIndex.open(dir)).episodes();
    assert.equal(episodes.at(-1)?.outcome, "reached");

    from = stranger.mark;
    start(["memory.recall:=true"]);
    const known = await status(({ values }) => values["recalled"] !== undefined, "a plan that asked the memory", from);
    assert.equal(known.values["recalled"], "8");
    await status(({ values }) => values["state"] === "reached", "the goal again", from);
  });

  it("does neither by default", async () => {
    const from = stranger.mark;
    start([]);
    await status(({ values }) => Number(values["steps"]) >= 3, "three steps", from);
    const seen = stranger.seen.slice(from).filter((one) => one.event === "status") as SeenStatus[];
    assert.ok(seen.every(({ values }) => values["recalled"] === undefined && Number(values["adaptation_steps"] ?? 0) === 0));
  });
});
