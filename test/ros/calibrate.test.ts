import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { readCalibration } from "../../src/calibration/index.js";
import { assertOneLine, runCli } from "../cli/run-cli.js";
import { graphEnv, ROOT, SKIP, startController, startSimulator } from "./graph.js";

import type { ChildNode } from "../../src/demo/child-node.js";

/** A model whose axes go with the camera, and how far the camera stands from where it was in training. */
const BUNDLE = join(ROOT, "models", "extra", "arm-anycamera");
const TURN_DEG = 50;
const REMAPPINGS = ["image:=camera/image_raw", "camera_info:=camera/camera_info"];

/** Waits until the node's log says something. */
async function says(node: ChildNode, line: RegExp, withinS = 60): Promise<string> {
  for (const end = performance.now() + withinS * 1000; performance.now() < end;) {
    const log = await readFile(node.logFile, "utf8").catch(() => "");
    if (line.test(log)) return log;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  return assert.fail(`the ${node.name} did not say ${String(line)}; its last line: ${node.lastLine}`);
}

describe("calibrating the camera on a graph", { skip: SKIP, timeout: 400_000 }, () => {
  const env = graphEnv();
  let dir: string;
  let simulator: ChildNode;
  let controller: ChildNode;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "jepa-mpc-calibrate-"));
    simulator = startSimulator(env, ["task:=none", "seed:=3", `camera_turn_deg:=${TURN_DEG}.0`, "image_width:=64", "image_height:=64"]);
    controller = startController(env, [`bundle:=${BUNDLE}`, "use_sim_time:=true"], REMAPPINGS);
    assert.match(await says(controller, /Idle: no goal/), /the x and y of arm-anycamera go with the camera, and camera_calibration is empty/);
  });

  after(async () => {
    await controller?.end();
    await simulator?.end();
    await rm(dir, { recursive: true, force: true });
  });

  it("makes the moves through the controller, writes what it found, and the robot holds", async () => {
    const file = join(dir, "camera.json");
    const { code, stdout, stderr } = await runCli(["calibrate", "--out", file, "--timeout", "20"], env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^turn {7}-?\d+\.\d degrees, known to \d\.\d/m);
    assert.match(stdout, /^written to .*camera\.json$/m);
    const calibration = await readCalibration(file);
    assert.equal(calibration.camera_topic, "/camera/image_raw");
    assert.equal(calibration.bundle.name, "arm-anycamera");
    assert.equal(calibration.fit.moves.length, 10);
    assert.ok(Math.abs(calibration.turn.angle_rad - (TURN_DEG * Math.PI) / 180) < 0.1, `${calibration.turn.angle_rad} rad`);
    for (const { true_m: [x, y] } of calibration.fit.moves) assert.ok(Math.hypot(x, y) > 0.1 && Math.hypot(x, y) < 0.18, `a move of ${Math.hypot(x, y)} m`);
    const log = await readFile(controller.logFile, "utf8");
    assert.match(log, /calibrating the camera: move 10 of 10/);
    assert.deepEqual(await readdir(dir), ["camera.json"]);
  });

  it("Ctrl-C in the middle ends the moves, and nothing is written", async () => {
    const before = (await readFile(controller.logFile, "utf8")).length;
    const file = join(dir, "interrupted.json");
    const { spawn } = await import("node:child_process");
    const child = spawn(process.execPath, [join(ROOT, "dist", "src", "cli", "main.js"), "calibrate", "--out", file, "--timeout", "20"], { env, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString("utf8"); });
    const ended = new Promise<number | null>((resolve) => { child.on("close", resolve); });
    for (;;) {
      if (/move 2 of 10/.test((await readFile(controller.logFile, "utf8")).slice(before))) break;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    child.kill("SIGINT");
    assert.equal(await ended, 1, stderr);
    assert.match(stderr, /^jepa-mpc: interrupted; \/jepa_mpc says: move \d of 10: interrupted \(Idle: no goal\.\)\n$/);
    assert.ok(!(await readdir(dir)).includes("interrupted.json"));
    assert.doesNotMatch((await readFile(controller.logFile, "utf8")).slice(before), /move [5-9] of 10/);
  });

  it("a controller with the calibration comes up with it, calibrates again, and finds the whole turn once more", async () => {
    await controller.end();
    // From where the interruption left the arm ten moves may not be enough, and then the calibration is refused as it should be: twice as many are.
    controller = startController(env, [`bundle:=${BUNDLE}`, "use_sim_time:=true", `camera_calibration:=${join(dir, "camera.json")}`, "calibrate.moves:=20"], REMAPPINGS);
    assert.doesNotMatch(await says(controller, /Idle: no goal/), /camera_calibration is empty/);
    const file = join(dir, "again.json");
    const { code, stderr } = await runCli(["calibrate", "--out", file, "--timeout", "20"], env);
    assert.equal(code, 0, stderr);
    const { turn } = await readCalibration(file);
    assert.ok(Math.abs(turn.angle_rad - (TURN_DEG * Math.PI) / 180) < 0.1, `${turn.angle_rad} rad`);
    await rm(file);
  });

  it("a file that is not there, of another camera or broken: the node is not configured, and says why", async () => {
    const broken = async (change: (json: { camera_topic: string; turn: { angle_rad: unknown } }) => void): Promise<string> => {
      const file = join(dir, "broken.json");
      const json = JSON.parse(await readFile(join(dir, "camera.json"), "utf8")) as { camera_topic: string; turn: { angle_rad: unknown } };
      change(json);
      await writeFile(file, JSON.stringify(json));
      return file;
    };
    const refused = async (file: string, line: RegExp): Promise<void> => {
      const node = startController(env, [`bundle:=${BUNDLE}`, `camera_calibration:=${file}`], [...REMAPPINGS, "__node:=other"]);
      try {
        await node.ended;
        assert.match(await readFile(node.logFile, "utf8"), line);
      } finally {
        await node.end();
      }
    };
    await refused(join(dir, "none.json"), /parameter camera_calibration ".*none\.json" does not exist/);
    await refused(await broken((json) => { json.camera_topic = "/left/image_raw"; }), /is of the camera \/left\/image_raw, the pictures come from \/camera\/image_raw: calibrate this camera/);
    await refused(await broken((json) => { json.turn.angle_rad = 40; }), /turn\.angle_rad is 40: write an angle from -pi to pi; it looks like degrees/);
  });

  it("nobody there: one line", async () => {
    assertOneLine(await runCli(["calibrate", "--out", join(dir, "x.json"), "--node", "/nobody", "--timeout", "1"], env), 1, /nobody offers \/nobody\/calibrate_camera \(waited 1 s\); is the controller running/);
  });
});
