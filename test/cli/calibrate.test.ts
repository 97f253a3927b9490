import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PROJECT_ROOT } from "../../src/cli/project.js";
import { assertOneLine, NO_ROS, runCli } from "./run-cli.js";

const TINY = join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle");
let dir: string;
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-calibrate-")); });
after(() => rm(dir, { recursive: true, force: true }));

test("in the simulator, without ROS: the turn is found, written, and taken by eval for this bundle only", async () => {
  const made = await runCli(["calibrate", "--simulate", "--bundle", "arm-objects-jepa", "--seed", "2", "--out", "camera.json"], NO_ROS, dir);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^turn {7}-?\d\.\d degrees/m);
  assert.match(made.stdout, /^camera {5}simulator$/m);
  const evaluated = await runCli(["eval", "--bundle", "arm-objects-jepa", "--calibration", "camera.json", "--episodes", "1", "--max-steps", "2", "--json", "-"], NO_ROS, dir);
  assert.equal(evaluated.code, 0, evaluated.stderr);
  const { model_turn: turn } = JSON.parse(evaluated.stdout) as { model_turn: { angleRad: number } };
  assert.equal(turn.angleRad, (JSON.parse(await readFile(join(dir, "camera.json"), "utf8")) as { turn: { angle_rad: number } }).turn.angle_rad);
  assertOneLine(await runCli(["eval", "--bundle", TINY, "--calibration", "camera.json", "--episodes", "1"], NO_ROS, dir), 1, /was made with the bundle arm-objects-jepa .*calibrate again with this one/);
});

test("a model that does not see the moves is refused, with what to do, and nothing is written", async () => {
  assertOneLine(await runCli(["calibrate", "--simulate", "--bundle", TINY, "--out", "tiny.json"], NO_ROS, dir).then(({ stderr, ...rest }) => ({
    // What was under way is shown before it.
    ...rest, stderr: stderr.slice(stderr.indexOf("jepa-mpc: ")),
  })), 1, /hardly any of the moves|longer than all it knows|along one line|mirrored|a turn does not explain|is known to/);
  assert.ok(!(await readdir(dir)).includes("tiny.json"));
});

test("what is wrong is said in one line", async () => {
  await writeFile(join(dir, "nan.json"), '{"schema_version": 1, "turn": {"angle_rad": NaN}}');
  const lines: [string[], number, RegExp][] = [
    [["calibrate"], 2, /out/],
    [["calibrate", "--out", "x.json", "--moves", "12"], 2, /--moves is for --simulate; a running controller has its own parameter calibrate\.moves/],
    [["calibrate", "--simulate", "--out", "x.json", "--moves", "3"], 2, /--moves "3" is not a whole number from 6 to 100/],
    [["calibrate", "--simulate", "--out", "x.json", "--camera-turn-deg", "east"], 2, /--camera-turn-deg "east" is not a number from -180 to 180/],
    [["calibrate", "--out", "x.json", "--node", "no node"], 1, /"no node" is not a node's name/],
    [["calibrate", "--out", "x.json"], 1, /ROS 2/],
    [["eval", "--calibration", "none.json", "--episodes", "1"], 1, /camera calibration none\.json: there is no such file: make it with jepa-mpc calibrate --out none\.json/],
    [["eval", "--calibration", "nan.json", "--episodes", "1"], 1, /camera calibration nan\.json: not JSON/],
    [["eval", "--camera-turn-deg", "400", "--episodes", "1"], 2, /--camera-turn-deg "400" is not a number from -180 to 180/],
  ];
  for (const [args, code, line] of lines) assertOneLine(await runCli(args, NO_ROS, dir), code, line);
});
