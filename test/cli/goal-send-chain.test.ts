import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { makeDataSet } from "../../sim/data-set.js";
import { flatDistance } from "../../sim/tasks/truth.js";
import { writePngFile } from "../../src/camera/files.js";
import { isFree } from "../../src/cli/send-chain.js";
import { openChainFinder } from "../../src/experience/open-chain-finder.js";
import { TYPES } from "../../src/ros/messages.js";
import { RosNode } from "../../src/ros/ros-node.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { SKIP_ACTION } from "../ros/action-goals.js";
import { graphEnv, ROOT, startController, startSimulator } from "../ros/graph.js";
import { readNpy } from "../sim/read-npy.js";
import { assertOneLine, runCli } from "./run-cli.js";

import type { ChildNode } from "../../src/demo/child-node.js";
import type { DiagnosticStatusMessage } from "../../src/ros/messages.js";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const BUNDLE = join(ROOT, "models", "arm-objects-jepa");
const TINY_BUNDLE = join(ROOT, "test", "fixtures", "tiny-bundle");

/** First seed of the experience. */
const FIRST_SEED = 50;

/**
 * The episode in which a thing was carried farthest and stands again, the other one as it was: its beginning and its end have a way between them that was lived. Not the first, which a case needs to know
 * nothing of it.
 */
function carried(truths: ReturnType<typeof readNpy>): { readonly episode: number; readonly thing: "narrow" | "wide" } {
  const [episodes = 0, frames = 0, size = 0] = truths.shape;
  const found = Array.from({ length: episodes - 1 }, (_, i) => i + 1).flatMap((episode) => (["narrow", "wide"] as const).map((thing) => {
    const place = (frame: number, of: 0 | 1): ArrayLike<number> => truths.data.subarray((episode * frames + frame) * size + 3 * (1 + of), (episode * frames + frame) * size + 3 * (2 + of));
    const [of, other] = thing === "narrow" ? [0, 1] as const : [1, 0] as const;
    const [begin, end] = [place(0, of), place(frames - 1, of)];
    const alone = flatDistance(place(0, other), place(frames - 1, other)) < 0.005;
    return { episode, thing, movedM: alone && Math.abs(end[2]! - begin[2]!) < 0.005 ? flatDistance(begin, end) : 0 };
  }));
  return found.reduce((best, one) => (one.movedM > best.movedM ? one : best));
}

/** A `goal send` that is under way. */
interface Sending {
  /** Waits for a line on standard error. */
  line(fits: RegExp): Promise<RegExpExecArray>;
  interrupt(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

it("another way is sent when the one before is done, and not when the robot was given something else to do", () => {
  assert.deepEqual([undefined, "idle", "reached", "planning", "holding", "waiting_for_inputs", "stopped"].map(isFree), [true, true, true, false, false, false, false]);
});

describe("goal send --chain, with the simulator and the shipped model", { skip: SKIP_ACTION, timeout: 300_000 }, () => {
  const env = graphEnv();
  const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-send-chain-"));
  const data = join(folder, "data");
  const goal = join(folder, "goal.png");
  let simulator: ChildNode;
  let controller: ChildNode;
  let ros: RosNode;
  let state = "";
  let thing = "";

  function send(...args: string[]): Sending {
    const child = spawn(process.execPath, [MAIN, "goal", "send", goal, "--chain", data, "--timeout", "30", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    const looking = new Set<() => void>();
    child.stdout.on("data", (text: Buffer) => { stdout += text.toString(); });
    child.stderr.on("data", (text: Buffer) => {
      stderr += text.toString();
      for (const look of looking) look();
    });
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => { child.on("close", (code) => { resolve({ code, stdout, stderr }); }); });
    return {
      ended,
      interrupt: () => { child.kill("SIGINT"); },
      line: (fits) => new Promise((resolve, reject) => {
        const look = (): void => {
          const found = fits.exec(stderr);
          if (found !== null) resolve(found);
        };
        looking.add(look);
        look();
        void ended.then(() => { reject(new Error(`no line ${String(fits)} in:\n${stderr}${stdout}`)); });
      }),
    };
  }

  before(async () => {
    Object.assign(env, { XDG_CACHE_HOME: join(folder, "cache") });
    Object.assign(process.env, {
      XDG_CACHE_HOME: env["XDG_CACHE_HOME"],
      ROS_DOMAIN_ID: env["ROS_DOMAIN_ID"], ROS_AUTOMATIC_DISCOVERY_RANGE: env["ROS_AUTOMATIC_DISCOVERY_RANGE"],
    });
    await makeDataSet({ out: data, episodes: 25, steps: 24, seed: FIRST_SEED, rooms: "plain", scene: "table", imageSize: 96, workers: 2 },
      () => new Worker(fileURLToPath(new URL("../../sim/collect-worker.js", import.meta.url)), { workerData: { robot: "fr3", scene: "table" } }));
    const model = await OnnxWorldModel.load(BUNDLE, { threads: 1 });
    const { remembered } = await openChainFinder({ folder: data, model, manifest: model.manifest, planner: { kind: "icem" } });
    await model.close();
    const way = carried(readNpy(join(data, "shard-00000", "truths.npy")));
    ({ thing } = way);
    await writePngFile(goal, await remembered.picture({ stretch: way.episode, frame: remembered.experience.stretches[way.episode]!.frames - 1 }));
    simulator = startSimulator(env, [`seed:=${FIRST_SEED + way.episode}`, "task:=none", "real_time_factor:=0.5"]);
    controller = startController(env, [`bundle:=${BUNDLE}`, "use_sim_time:=true"], ["image:=camera/image_raw"]);
    ros = await RosNode.create("goal_send_chain_test", { argv: [], lifecycle: false });
    ros.subscribe<DiagnosticStatusMessage>(TYPES.diagnosticStatus, "/jepa_mpc/status", "events", ({ values }) => { state = values.find(({ key }) => key === "state")?.value ?? ""; });
    ros.spin();
  });

  after(async () => {
    ros?.close();
    await controller?.end();
    await simulator?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it("finds sub-goals from what the controller's camera sees and sends them; Ctrl-C cancels, and the arm holds", async () => {
    const sending = send();
    const [, count] = await sending.line(new RegExp(`^way 1, (\\d+) sub-goals: ${thing}: 1(?: \\(doubtful\\))?, `, "m"));
    await sending.line(new RegExp(`^1 of ${count!}, planning: Going for .*: step [1-9]`, "m"));
    assert.equal(state, "planning");
    sending.interrupt();
    const { code, stdout } = await sending.ended;
    assert.equal(code, 130);
    assert.match(stdout, /goal\.png: CANCELED: Canceled\. \(\d/);
    assert.equal(state, "idle");
  });

  it("looks for another way when a sub-goal was left with a thing elsewhere; Ctrl-C ends that, too", async () => {
    // So much counts as reached that the hand takes nothing along, though the first sub-goal has the thing elsewhere already.
    const sending = send("--tolerance", "1e6");
    await sending.line(new RegExp(`^after sub-goal ${thing}: \\S+ a thing is elsewhere than it should be$`, "m"));
    await sending.line(/^looking for another way from here \(way 2\); the arm holds$/m);
    await sending.line(/^way 2, \d+ sub-goals?: /m);
    await sending.line(/^looking for another way from here \(way 3\); the arm holds$/m);
    assert.equal(state, "idle");
    sending.interrupt();
    const { code, stdout, stderr } = await sending.ended;
    assert.equal(code, 130, stderr);
    // The signal may come when that way is found.
    assert.match(stdout, /goal\.png: CANCELED: |goal\.png: interrupted while a way was looked for; no goal is under way\n$/);
  });

  it("says what is wrong: no way, another bundle, no picture, no controller, options that do not fit", async () => {
    const lost = await send("--chain-episodes", "1").ended;
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /\njepa-mpc: what was lived in [^\n]* does not lead from what \/jepa_mpc sees to [^\n]*goal\.png; the arm holds; give more of it [^\n]*\n$/);
    const other = await send("--bundle", TINY_BUNDLE).ended;
    assert.equal(other.code, 1);
    assert.match(other.stderr, /goal\.png: INVALID_GOAL: the latents were made with the encoder "[0-9a-f]{12}", and this controller has [0-9a-f]{12} \(bundle arm-objects-jepa\)/);
    const dark = await send("--camera", "/nobody", "--timeout", "10").ended;
    assert.match(dark.stderr, /jepa-mpc: nobody publishes pictures on \/nobody \(waited 10 s\)/);
    const alone = await send("--node", "/nobody", "--timeout", "1").ended;
    assert.match(alone.stderr, /jepa-mpc: nobody offers the action \/nobody\/reach_goal_image \(waited 1 s\)/);
    assert.deepEqual([dark.code, alone.code], [1, 1]);
    assertOneLine(await runCli(["goal", "send", `${goal},${goal}`, "--chain", data], env), 2, /give one goal, not 2/);
    assertOneLine(await runCli(["goal", "send", goal, "--chain-episodes", "3"], env), 2, /--chain-episodes needs --chain DIR/);
    assertOneLine(await runCli(["goal", "send", goal, "--chain", data, "--topic"], env), 2, /leave --topic out/);
  });
});
