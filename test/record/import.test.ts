import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { readNpy } from "../sim/read-npy.js";
import { assertOneLine, runCli } from "../cli/run-cli.js";
import { imageMessage, plainPicture, writeMcap, writeSqlite, type WrittenMessage } from "../bags/write-bag.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-import-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });

const JOINTS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"];

/** The position of a joint at a time: every joint at a speed of its own, rad. */
const positionAt = (joint: number, timeS: number): number => 0.1 * (joint + 1) * timeS;

/** A drive of 5 s: joints at 50 Hz in another order and with a stranger, pictures at 15 Hz with a hole of 0.6 s, commands 0.1 s ahead of the arm. */
function drive(): WrittenMessage[] {
  const messages: WrittenMessage[] = [];
  const header = (timeS: number): object => ({ stamp: { sec: 100 + Math.floor(timeS), nanosec: Math.round((timeS % 1) * 1e9) % 1e9 }, frame_id: "" });
  const names = ["rail", ...JOINTS.toReversed()];
  for (let tick = 0; tick <= 5 * 150; tick++) {
    const timeS = tick / 150;
    const state = (ahead: number): object => ({ header: header(timeS), name: names, position: names.map((name) => name === "rail" ? 9 : positionAt(JOINTS.indexOf(name), timeS + ahead)), velocity: [], effort: [] });
    // Recorded late, as messages are: the headers say when they were.
    const at = { timeS: timeS + 0.03 };
    if (tick % 3 === 0) messages.push({ topic: "/joint_states", type: "sensor_msgs/msg/JointState", ...at, message: state(0) });
    if (tick % 5 === 0) messages.push({ topic: "/leader", type: "sensor_msgs/msg/JointState", ...at, message: state(0.1) });
    if (tick % 10 === 0 && (timeS < 2.5 || timeS > 3.1)) {
      messages.push({ topic: "/wrist/image", type: "sensor_msgs/msg/Image", ...at, message: { ...imageMessage(plainPicture(tick / 10, 80, 64)), header: header(timeS) } });
    }
  }
  return messages;
}

function shards(out: string): string[] {
  return readdirSync(out).filter((name) => name.startsWith("shard-")).sort();
}

for (const kind of ["mcap", "db3"] as const) {
  test(`a ${kind} recording comes out at one period: joints by name, actions of their differences, cut at the hole`, async () => {
    const bag = join(folder, `drive.${kind}`);
    if (kind === "mcap") await writeMcap(bag, drive());
    else writeSqlite(bag, drive(), { definitions: true });
    const out = join(folder, `out-${kind}`);
    const result = await runCli(["import", bag, out, "--robot", "so101", "--steps", "5", "--image-size", "64"]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /every 0\.2 s of drive\.(mcap|db3): \d+ episodes of 5 actions/);
    assert.match(result.stdout, /cut 1 times: no picture within 50 ms of its time/);
    const description = JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual([description["state"], description["action_kind"], description["actions_from"], description["period_s"]], [JOINTS, "joint_delta", "differences", 0.2]);
    const made = shards(out);
    // Twelve frames before the hole and ten after it, neighbours sharing one: two episodes of six and one of six.
    assert.equal(made.length, 3);
    for (const shard of made) {
      const [states, actions, images] = ["states", "actions", "images"].map((name) => readNpy(join(out, shard, `${name}.npy`))) as [ReturnType<typeof readNpy>, ReturnType<typeof readNpy>, ReturnType<typeof readNpy>];
      assert.deepEqual([states.shape, actions.shape, images.shape], [[1, 6, 6], [1, 5, 6], [1, 6, 64, 64, 3]]);
      for (let t = 0; t < 6; t++) {
        const timeS = states.data[6 * t]! / 0.1;
        for (let j = 0; j < 6; j++) assert.ok(Math.abs(states.data[6 * t + j]! - positionAt(j, timeS)) < 1e-4, "all joints of one moment");
        // The picture says when it was taken.
        assert.ok(Math.abs(images.data[3 * 64 * 64 * t]! / 15 - timeS) < 1e-3, `picture ${images.data[3 * 64 * 64 * t]!} beside joints of ${timeS} s`);
        if (t < 5) for (let j = 0; j < 6; j++) assert.ok(Math.abs(actions.data[6 * t + j]! - (states.data[6 * (t + 1) + j]! - states.data[6 * t + j]!)) < 1e-6);
      }
    }
    // Again: what is there stays, and the same is added.
    assert.equal((await runCli(["import", bag, out, "--robot", "so101", "--steps", "5", "--image-size", "64"])).code, 0);
    assert.equal(shards(out).length, 6);
    assertOneLine(await runCli(["import", bag, out, "--robot", "so101", "--steps", "6", "--image-size", "64"]), 1, /dataset\.json was made with another steps/);
  });
}

test("with a command topic actions are what was commanded", async () => {
  const bag = join(folder, "commanded.mcap");
  await writeMcap(bag, drive());
  const out = join(folder, "out-commanded");
  const result = await runCli(["import", bag, out, "--joints", "gripper,shoulder_pan", "--command-topic", "/leader", "--steps", "4", "--image-size", "64", "--image-topic", "/wrist/image"]);
  assert.equal(result.code, 0, result.stderr);
  const actions = readNpy(join(out, shards(out)[0]!, "actions.npy"));
  assert.deepEqual(actions.shape, [1, 4, 2]);
  for (let t = 0; t < 4; t++) {
    // At 30 Hz a command is up to 33 ms old.
    assert.ok(Math.abs(actions.data[2 * t]! - 0.6 * 0.2) < 0.6 * 0.034 && Math.abs(actions.data[2 * t + 1]! - 0.1 * 0.2) < 0.1 * 0.034, "the gripper first, as asked for");
  }
});

test("what cannot be imported is refused in one line that says what to do", async () => {
  const bag = join(folder, "refused.mcap");
  await writeMcap(bag, drive());
  const out = join(folder, "out-refused");
  const run = (...args: string[]): ReturnType<typeof runCli> => runCli(["import", ...args]);
  assertOneLine(await run(join(folder, "nothing"), out, "--robot", "so101"), 2, /nothing is no recording: MCAP files, rosbag2 files and folders/);
  assertOneLine(await run(bag, out), 2, /say which joints to keep: --robot NAME, or --joints a,b,c/);
  assertOneLine(await run(bag, out, "--robot", "so101", "--joints", "knee"), 2, /the so101 has no joint knee; it has shoulder_pan/);
  assertOneLine(await run(bag, out, "--joints", "knee,gripper"), 1, /\/joint_states at \d\.\d+ s: the message lacks knee; it has rail, gripper/);
  assertOneLine(await run(bag, out, "--robot", "so101", "--image-topic", "/joint_states"), 1, /has sensor_msgs\/msg\/JointState, no pictures/);
  assertOneLine(await run(bag, out, "--robot", "so101", "--joint-states-topic", "/wrist/image"), 1, /topic \/wrist\/image has sensor_msgs\/msg\/Image; sensor_msgs\/msg\/JointState is read/);
  assertOneLine(await run(bag, out, "--robot", "so101", "--angles", "deg"), 2, /are for LeRobot data sets/);
  assertOneLine(await run(bag, out, "--robot", "so101", "--image-size", "97"), 2, /--image-size 97: give a multiple of 4/);
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "notes.txt"), "mine");
  assertOneLine(await run(bag, other, "--robot", "so101"), 1, /has other files in it; choose a folder that is empty/);
  assert.ok(!existsSync(join(other, "dataset.json")));
});

const PYTHON = [process.env["JEPA_MPC_PYTHON"] ?? "", join(ROOT, ".env-training", "bin", "python")]
  .find((python) => python !== "" && spawnSync(python, ["-c", "import av, pyarrow, torch"], { stdio: "ignore" }).status === 0);

test("a LeRobot data set comes out at the robot's period, in rad, episode by episode", { skip: PYTHON === undefined ? "no Python with the packages of training/requirements.txt" : false }, async () => {
  const data = join(folder, "lerobot");
  // Two episodes of 4 and 3.1 s at 10 Hz with real parquet and video, whose state says its frame: 100 x episode + frame, and 1.
  const made = spawnSync(PYTHON!, ["-c", `import sys, pathlib; sys.path[:0] = ["${ROOT}training", "${ROOT}training/tests"]; from test_lerobot import numbered; numbered(pathlib.Path("${data}"), [40, 31])`], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  const out = join(folder, "out-lerobot");
  const run = (...args: string[]): ReturnType<typeof runCli> => runCli(["import", data, ...args], { JEPA_MPC_PYTHON: PYTHON! });
  const result = await run(out, "--joints", "elbow,shoulder", "--joint-states-topic", "robot.joints", "--angles", "deg", "--steps", "5", "--image-size", "64");
  assert.equal(result.code, 0, result.stderr);
  // 20 and 16 frames every 0.2 s: three episodes of five actions each, neighbours sharing a frame, and four frames over.
  assert.match(result.stdout, /36 frames every 0\.2 s of lerobot: 6 episodes of 5 actions; 4 frames left out/);
  const degrees = (value: number): number => (value * Math.PI) / 180;
  shards(out).forEach((shard, i) => {
    const first = i < 3 ? 10 * i : 100 + 10 * (i - 3);
    const [states, actions, images] = ["states", "actions", "images"].map((name) => readNpy(join(out, shard, `${name}.npy`))) as [ReturnType<typeof readNpy>, ReturnType<typeof readNpy>, ReturnType<typeof readNpy>];
    assert.deepEqual(states.shape, [1, 6, 2]);
    for (let t = 0; t < 6; t++) {
      assert.ok(Math.abs(states.data[2 * t]! - degrees(1)) < 1e-5 && Math.abs(states.data[2 * t + 1]! - degrees(first + 2 * t)) < 1e-4);
      if (t < 5) assert.ok(Math.abs(actions.data[2 * t + 1]! - degrees(2)) < 1e-4);
      // The video of that frame.
      const frame = (first % 100) + 2 * t;
      assert.ok(Math.abs(images.data[3 * 64 * 64 * t]! - ((20 + (i < 3 ? 0 : 40) + 3 * frame) % 256)) <= 1);
    }
  });
  assertOneLine(await run(join(folder, "no"), "--joints", "elbow,knee", "--joint-states-topic", "robot.joints"), 1, /the message lacks knee; it has shoulder, elbow/);
  assertOneLine(await run(join(folder, "no2"), "--joints", "elbow", "--joint-states-topic", "arm"), 1, /the state is to be 'arm', no such feature; name one of robot\.joints, robot\.command with --joint-states-topic/);
  const without = await runCli(["import", data, join(folder, "no3"), "--joints", "elbow", "--joint-states-topic", "robot.joints"], { JEPA_MPC_PYTHON: "/nowhere/python" });
  assertOneLine(without, 1, /\/nowhere\/python cannot be started .*npm run setup:training/);
});
