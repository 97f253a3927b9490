import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { GoalLibrary } from "../../src/goals/goal-library.js";
import { whatIsWrongWithRos } from "../../src/ros/environment.js";
import { TYPES } from "../../src/ros/messages.js";
import { RosNode } from "../../src/ros/ros-node.js";
import { assertOneLine, runCli } from "./run-cli.js";

import type { ImageMessage } from "../../src/ros/messages.js";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const wrong = whatIsWrongWithRos();
const skip = wrong === undefined ? false : wrong;

let dir = "";
let ros: RosNode | undefined;
let timer: NodeJS.Timeout | undefined;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-capture-"));
  if (wrong !== undefined) {
    return;
  }
  ros = await RosNode.create("capture_test_camera", { argv: [], lifecycle: false });
  const node = ros;
  const image = (encoding: string, data: number[], step: number): ImageMessage => ({
    header: { stamp: node.stamp(), frame_id: "camera" }, width: 2, height: 2, encoding, is_bigendian: 0, step, data: Uint8Array.from(data),
  });
  const padded = node.publisher<ImageMessage>(TYPES.image, "/capture_test/bgr", "sensor");
  const colour = node.publisher<ImageMessage>(TYPES.image, "/capture_test/colour", "sensor");
  const unknown = node.publisher<ImageMessage>(TYPES.image, "/capture_test/yuv", "sensor");
  node.publisher<ImageMessage>(TYPES.image, "/capture_test/silent", "sensor");
  node.spin();
  timer = setInterval(() => {
    padded.publish(image("bgr8", [3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0], 8));
    colour.publish({ ...image("rgb8", [], 48), width: 16, height: 12, data: Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => [200, 40, 20][i % 3]!) });
    unknown.publish(image("yuv422", [0, 0, 0, 0, 0, 0, 0, 0], 4));
  }, 50);
});
after(async () => {
  clearInterval(timer);
  ros?.close();
  await rm(dir, { recursive: true, force: true });
});

const capture = (...args: string[]) => runCli(["goal", "capture", ...args, "--goals-dir", dir]);

test("a picture of a camera topic becomes a goal", { skip }, async () => {
  const { code, stdout, stderr } = await capture("cup", "--topic", "/capture_test/bgr", "--timeout", "30");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `goal cup: 2x2 picture of /capture_test/bgr kept in ${join(dir, "cup")}\n`);
  const library = new GoalLibrary(dir);
  assert.deepEqual([...(await library.image("cup")).data], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal((await library.get("cup")).source, "topic /capture_test/bgr");
  assertOneLine(await capture("cup", "--topic", "/capture_test/bgr"), 1, /goal cup exists already .*--replace/);
});

test("no publisher, a silent one and an unknown encoding are told apart", { skip }, async () => {
  assertOneLine(await capture("x", "--topic", "/capture_test/nobody", "--timeout", "3"), 1, /nobody publishes pictures on \/capture_test\/nobody \(waited 3 s\)/);
  assertOneLine(await capture("x", "--topic", "/capture_test/silent", "--timeout", "5"), 1, /no picture came on \/capture_test\/silent in 5 s/);
  assertOneLine(await capture("x", "--topic", "/capture_test/yuv", "--timeout", "30"), 1, /\/capture_test\/yuv: image encoding "yuv422" is not supported/);
  assertOneLine(await runCli(["goal", "send", "cup", "--goals-dir", dir, "--node", "/nobody", "--timeout", "1"]), 1, /nobody listens on \/nobody\/goal_image/);
});

/** A terminal of its own (Python's pty) for a command; types keys when something has been shown. */
const TERMINAL = `
import fcntl, os, pty, select, struct, sys, termios, time
keys, when, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 0, 0))
shown, typed, end = b"", False, time.monotonic() + 120
while time.monotonic() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    if not typed and when.encode() in shown:
        os.write(fd, keys.encode())
        typed = True
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

function inTerminal(args: readonly string[], keys: string, when: string): Promise<{ readonly code: number | null; readonly shown: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("python3", ["-c", TERMINAL, keys, when, process.execPath, MAIN, "goal", "capture", ...args, "--goals-dir", dir], { stdio: ["ignore", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => { chunks.push(chunk); });
    child.on("error", reject);
    child.on("close", (code) => { resolve({ code, shown: Buffer.concat(chunks).toString("utf8") }); });
  });
}

test("the preview shows the picture in the terminal, and a key takes it or leaves", { skip }, async () => {
  const taken = await inTerminal(["seen", "--preview", "--topic", "/capture_test/colour", "--timeout", "30"], " ", "q leaves");
  assert.equal(taken.code, 0, taken.shown.slice(-500));
  assert.ok(taken.shown.startsWith("\x1b[?1049h\x1b[?25l"), "the alternate screen");
  assert.ok(taken.shown.includes("\x1b[38;2;200;40;20m\x1b[48;2;200;40;20m▀▀▀"), "the picture's colour, in half blocks");
  assert.match(taken.shown, /16x12, brightness 0\.28, sharpness 0/);
  const left = taken.shown.indexOf("\x1b[?25h\x1b[?1049l");
  assert.ok(left > 0 && taken.shown.indexOf("goal seen: 16x12 picture") > left, "the screen is left before anything is said");
  assert.match(taken.shown, /careful with goal seen: it is of one colour; is the lens covered\?/);
  assert.equal((await new GoalLibrary(dir).image("seen")).data[0], 200);

  const quit = await inTerminal(["unseen", "--preview", "--topic", "/capture_test/colour", "--timeout", "30"], "q", "q leaves");
  assert.equal(quit.code, 130);
  assert.match(quit.shown, /\x1b\[\?1049lnothing was kept/);
  await assert.rejects(new GoalLibrary(dir).get("unseen"), /there is no goal unseen/);
});

test("without a terminal the preview is lines, and a time takes the picture", { skip }, async () => {
  const timed = await capture("timed", "--preview", "--after", "2.5", "--topic", "/capture_test/colour", "--timeout", "30");
  assert.equal(timed.code, 0, timed.stderr);
  assert.ok(timed.stderr.split("\n").filter((line) => /^\/capture_test\/colour: 16x12, brightness 0\.28, .*; taken in \d s$/.test(line)).length >= 1, timed.stderr);
  assert.doesNotMatch(timed.stderr, /\x1b/);
  assertOneLine(await capture("never", "--preview", "--topic", "/capture_test/silent", "--timeout", "5", "--after", "1"), 1, /no picture came on \/capture_test\/silent in 5 s/);
  assert.match((await capture("never", "--preview", "--topic", "/capture_test/colour", "--timeout", "30")).stderr, /jepa-mpc: nobody can press a key here: give --after SECONDS/);
});
