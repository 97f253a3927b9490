import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import sharp from "sharp";

import { readImageFile, writePngFile } from "../../src/camera/files.js";
import { PROJECT_ROOT, projectVersion } from "../../src/cli/project.js";
import { assertOneLine, NO_ROS, runCli } from "./run-cli.js";

const BUNDLE = join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle");

let dir = "";
let env: NodeJS.ProcessEnv = {};
const cli = (...args: string[]) => runCli(args, env, dir);

/** A red disc on grey, somewhere along x. */
function scene(x0: number) {
  const [width, height] = [80, 64];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const inside = Math.hypot((i % width) - x0, Math.floor(i / width) - 30) < 10;
    data.set(inside ? [220, 40, 30] : [150, 160, 170], i * 3);
  }
  return { width, height, data };
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-cli-"));
  env = { JEPA_MPC_GOALS: join(dir, "goals"), JEPA_MPC_BUNDLE: BUNDLE };
  await writePngFile(join(dir, "a.png"), scene(25));
  await writePngFile(join(dir, "b.png"), scene(60));
});
after(() => rm(dir, { recursive: true, force: true }));

test("--version and --help", async () => {
  assert.deepEqual(await cli("--version"), { code: 0, stdout: `${projectVersion()}\n`, stderr: "" });
  for (const args of [["--help"], ["goal", "--help"], ["goal", "add", "--help"], ["plan", "-h"], ["run", "--help"], ["sim", "--help"], ["doctor", "--help"]]) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^jepa-mpc /);
    assert.match(stdout, /--help/);
  }
});

test("the help says how large the search is: an offline plan's is the same for all optimisers", async () => {
  const help = async (command: string): Promise<string> => (await cli(command, "--help")).stdout.replace(/\s+/g, " ");
  const sizes = (text: string): string[] => ["candidates", "iterations", "elites"].map((option) => new RegExp(`--${option} [^\\]]+ bundle's, or ([^\\]]+)`).exec(text)![1]!);
  const plan = await help("plan");
  assert.deepEqual(sizes(plan), ["64", "5", "10"]);
  assert.match(plan, /--landscape [^[]+ 41 x 41 points/);
  assert.deepEqual(sizes(await help("replay")), ["64 (cem: 256)", "5", "10 (cem: 26, mppi: 16)"]);
});

for (const [args, line] of [
  [[], /say what to do: goal, plan/],
  [["goal"], /say what to do: capture, add/],
  [["gaol"], /unknown command "gaol"; did you mean goal\? \(see jepa-mpc --help\)/],
  [["xyzzy-and-more"], /xyzzy-and-more|say what to do/],
  [["goal", "lst"], /unknown command "lst"; did you mean list\?/],
  [["goal", "list", "--colour"], /Unknown argument: colour \(see jepa-mpc goal list --help\)/],
  [["goal", "add"], /goal add needs <NAME> <FILE>/],
  [["goal", "add", "one", "two", "three"], /Unknown argument: three/],
  [["goal", "show", "x", "--png"], /Not enough arguments following: png/],
  [["goal", "encode"], /needs a NAME or --all/],
  [["goal", "encode", "x", "--all"], /not both/],
  [["goal", "capture", "x", "--timeout", "soon"], /--timeout "soon" is not a number from 0.1 to 3600/],
  [["plan", "--start", "a.png"], /Missing required argument: goal/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--seed", "1.5"], /--seed "1.5" is not a whole number/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--state", "1,2"], /--state "1,2" has 2 values, 7 are needed: ee_x,/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--state", "0.5,0,zero,0,0,0,0"], /--state \(ee_z\) "zero"/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--landscape-steps", "2"], /--landscape-steps needs --landscape FILE/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--landscape", "l.png", "--landscape-steps", "7"], /--landscape-steps "7" is not a whole number from 1 to 6/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--landscape", "l.png", "--landscape-axes", "dx,yaw"],
    /--landscape-axes "dx,yaw" does not name two different action dimensions; there are: dx,dy,dz,gripper/],
  [["sim", "--task", "fold"], /--task "fold" is not one of "reach", "push", "grasp", .*"none"/],
  [["sim", "--size", "1000"], /--size "1000" is not a whole number from 64 to 256/],
] as [string[], RegExp][]) {
  test(`usage error: ${args.join(" ") || "(nothing)"}`, async () => { assertOneLine(await cli(...args), 2, line); });
}

for (const [args, line] of [
  [["goal", "add", "../x", "a.png"], /goal name "\.\.\/x" is not allowed/],
  [["goal", "add", "x", "none.png"], /cannot read picture none\.png: there is no such file/],
  [["goal", "show", "nothing"], /there is no goal nothing in/],
  [["goal", "remove", "a/b"], /goal name "a\/b" is not allowed/],
  [["goal", "compare", "nothing", "a.png"], /"nothing" is neither a goal in .* nor a picture file/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--bundle", "nowhere"], /--bundle "nowhere" is no bundle/],
  [["plan", "--start", "a.png", "--goal", "b.png", "--png", "no/such/folder.png"], /cannot write no\/such\/folder\.png: its folder does not exist/],
  [["run", "--params-file", "none.yaml"], /--params-file "none\.yaml": there is no such file/],
  [["run", "--goal", "nothing"], /"nothing" is neither a goal/],
  [["goal", "capture", "x", "--topic", "/camera//image"], /is not a topic's name/],
] as [string[], RegExp][]) {
  test(`failure: ${args.join(" ")}`, async () => {
    const result = await cli(...args);
    // A plan is printed before its picture is drawn; what counts is the line and the code.
    assertOneLine({ ...result, stdout: "" }, 1, line);
  });
}

test("without ROS 2 the commands that need it say so in one line", async () => {
  for (const args of [["goal", "capture", "x"], ["goal", "send", "a.png"]]) {
    assertOneLine(await runCli(args, { ...env, ...NO_ROS }, dir), 1, /ROS 2 cannot be used: no ROS 2 in this environment/);
  }
  for (const args of [["run"], ["sim"]]) {
    const { code, stderr } = await runCli(args, { ...env, ...NO_ROS }, dir);
    assert.equal(code, 1);
    assert.match(stderr, /^[^\n]*ROS 2 cannot be used[^\n]*\n$/);
  }
});

test("the life of a goal", async () => {
  assert.match((await cli("goal", "list")).stdout, /^no goals in /);
  assert.match((await cli("goal", "add", "cup-left", "a.png")).stdout, /^goal cup-left: 80x64 picture kept/);
  assertOneLine(await cli("goal", "add", "cup-left", "b.png"), 1, /goal cup-left exists already .*--replace/);
  assert.equal((await cli("goal", "add", "cup-left", "b.png", "--replace")).code, 0);
  assert.equal((await cli("goal", "add", "cup-left", "a.png", "--replace")).code, 0);
  assert.equal((await cli("goal", "add", "0012", "b.png")).code, 0, "a name of digits stays as it was typed");

  const list = JSON.parse((await cli("goal", "list", "--json")).stdout) as { goals: { name: string }[] };
  assert.deepEqual(list.goals.map((goal) => goal.name), ["0012", "cup-left"]);
  assert.match((await cli("goal", "show", "cup-left")).stdout, /latents +none/);
  assert.match((await cli("goal", "encode", "--all")).stdout, /goal 0012: encoded by tiny.*\ngoal cup-left: encoded by tiny/);
  assert.match((await cli("goal", "encode", "cup-left")).stdout, /already encoded/);
  assert.match((await cli("goal", "show", "cup-left")).stdout, /latents +latent-tiny-[0-9a-f]{12}\.json/);

  const before = await readdir(dir);
  assert.equal((await cli("goal", "show", "cup-left", "--json")).code, 0);
  assert.deepEqual(await readdir(dir), before, "show writes nothing unasked");
  await cli("goal", "show", "cup-left", "--png", "shown.png");
  assert.deepEqual(await readImageFile(join(dir, "shown.png")), scene(25));

  assert.match((await cli("goal", "remove", "0012")).stdout, /goal 0012 removed/);
  assertOneLine(await cli("goal", "remove", "0012"), 1, /there is no goal 0012 .*there are: cup-left/);
});

test("compare: a picture is at its own goal and away from another scene", async () => {
  const compare = async (a: string, b: string) => JSON.parse((await cli("goal", "compare", a, b, "--json")).stdout) as { energy: number; reached: boolean };
  const [same, other] = [await compare("a.png", "cup-left"), await compare("b.png", "cup-left")];
  assert.equal(same.reached, true);
  assert.equal(other.reached, false);
  assert.ok(other.energy > same.energy);
  assert.match((await cli("goal", "compare", "b.png", "cup-left")).stdout, /times what counts as reached/);
});

test("plan: a table, JSON and a picture; the same seed gives the same plan, and the plan beats resting", async () => {
  const args = ["plan", "--start", "a.png", "--goal", "b.png", "--seed", "3"];
  const shown = await cli(...args, "--json", "plan.json", "--png", "plan.png");
  assert.equal(shown.stderr, "");
  assert.match(shown.stdout, /step  time \(s\) +dx \(m\) +dy \(m\) +dz \(m\) +gripper +energy\n +1 +0\.20/);
  const plan = JSON.parse(await readFile(join(dir, "plan.json"), "utf8")) as {
    actions: number[][]; step_energies: number[]; no_movement_energies: number[]; start_energy: number; elites_low: number[]; elites_high: number[];
  };
  assert.equal(plan.actions.length, 6);
  assert.ok(plan.step_energies.at(-1)! < plan.no_movement_energies.at(-1)!);
  assert.ok(plan.elites_low.every((low, h) => low <= plan.elites_high[h]!));
  assert.ok((await readImageFile(join(dir, "plan.png"))).width > 800);
  const again = JSON.parse((await cli(...args, "--json", "-")).stdout) as typeof plan;
  assert.deepEqual(again.actions, plan.actions);
  const other = JSON.parse((await cli("plan", "--start", "a.png", "--goal", "b.png", "--seed", "4", "--json", "-")).stdout) as typeof plan;
  assert.notDeepEqual(other.actions, plan.actions);
});

test("plan --landscape: energies over two action dimensions, as the model gives them, and a picture", async () => {
  const args = ["plan", "--start", "a.png", "--goal", "b.png"];
  interface Told {
    start_energy: number; step_energies: number[]; actions: number[][];
    landscape: { axes: string[]; steps: number; x: number[]; y: number[]; energies: number[][]; lowest: { x: number; y: number; energy: number } };
  }
  const shown = await cli(...args, "--landscape", "landscape.png", "--landscape-axes", "dy,dz", "--landscape-steps", "1", "--json", "landscape.json");
  assert.equal(shown.stderr, "");
  assert.match(shown.stdout, /\nlandscape +lowest 0\.\d+ at dy -?0\.\d{4} m, dz -?0\.\d{4} m, after one step; the plan: dy /);
  assert.ok((await readImageFile(join(dir, "landscape.png"))).width > 800);
  const told = JSON.parse(await readFile(join(dir, "landscape.json"), "utf8")) as Told;
  const { axes, steps, x, y, energies, lowest } = told.landscape;
  assert.deepEqual([axes, steps, x.length, y.length, energies.length], [["dy", "dz"], 1, 41, 41, 41]);
  assert.equal(lowest.energy, Math.min(...energies.flat()));
  assert.equal(energies[y.indexOf(lowest.y)]![x.indexOf(lowest.x)], lowest.energy);
  // The plan's own first energy lies between those of the four points round its first action (the tiny bundle is smooth).
  const [, dy, dz] = told.actions[0]!;
  const [i, j] = [x.findLastIndex((value) => value <= dy!), y.findLastIndex((value) => value <= dz!)].map((k) => Math.min(k, 39)) as [number, number];
  const round = [energies[j]![i]!, energies[j]![i + 1]!, energies[j + 1]![i]!, energies[j + 1]![i + 1]!];
  const slack = Math.max(...round) - Math.min(...round);
  assert.ok(told.step_energies[0]! > Math.min(...round) - slack && told.step_energies[0]! < Math.max(...round) + slack, `${told.step_energies[0]}: ${round.join(" ")}`);

  const whole = JSON.parse((await cli(...args, "--landscape", "landscape.png", "--json", "-")).stdout) as Told;
  assert.deepEqual([whole.landscape.axes, whole.landscape.steps], [["dx", "dy"], 6]);
  assert.ok(whole.landscape.lowest.energy < whole.start_energy);
});

test("damaged and huge pictures are one line", async () => {
  await writePngFile(join(dir, "cut.png"), scene(30));
  await truncate(join(dir, "cut.png"), 150);
  await writeFile(join(dir, "text.png"), "not a picture");
  await sharp({ create: { width: 7000, height: 7000, channels: 3, background: "#000" } }).png().toFile(join(dir, "huge.png"));
  for (const [file, line] of [["cut.png", /cut\.png is a damaged PNG/], ["text.png", /not a PNG or JPEG/], ["huge.png", /7000x7000 pixels/]] as const) {
    assertOneLine(await cli("goal", "add", "x", file), 1, line);
    assertOneLine(await cli("plan", "--start", file, "--goal", "b.png"), 1, line);
  }
});

test("a goal whose picture was changed is refused, the others are encoded all the same", async () => {
  await cli("goal", "add", "changed", "a.png");
  await writePngFile(join(dir, "goals", "changed", "image.png"), scene(40));
  assertOneLine(await cli("goal", "show", "changed"), 1, /SHA-256 differs/);
  const { code, stdout, stderr } = await cli("goal", "encode", "--all");
  assert.equal(code, 1);
  assert.match(stdout, /goal cup-left: already encoded/);
  assert.match(stderr, /^jepa-mpc: 1 of 2 goals could not be encoded: [^\n]*image\.png[^\n]*\n$/);
  await cli("goal", "remove", "changed");
});

test("several processes that add the same goal at once: one wins, the goal is whole", async () => {
  const results = await Promise.all(["a.png", "b.png", "a.png", "b.png"].map((file) => cli("goal", "add", "race", file)));
  assert.equal(results.filter(({ code }) => code === 0).length, 1, JSON.stringify(results));
  for (const result of results.filter(({ code }) => code !== 0)) {
    assertOneLine(result, 1, /goal race exists already/);
  }
  assert.equal((await cli("goal", "show", "race")).code, 0);
  assert.deepEqual((await readdir(join(dir, "goals"))).filter((name) => name.startsWith(".")), []);
});

test("a damaged bundle is refused in one line that names the file", async () => {
  const broken = join(dir, "broken-bundle");
  await cp(BUNDLE, broken, { recursive: true });
  const bytes = await readFile(join(broken, "rollout.onnx"));
  bytes[bytes.length >> 1]! ^= 0xff;
  await writeFile(join(broken, "rollout.onnx"), bytes);
  assertOneLine(await cli("plan", "--start", "a.png", "--goal", "b.png", "--bundle", broken), 1, /rollout\.onnx has the SHA-256/);
  await writeFile(join(broken, "manifest.json"), "{\"schema_version\": 9}");
  assertOneLine(await cli("goal", "encode", "cup-left", "--bundle", broken), 1, /schema_version is 9/);
});

test("--debug adds the stack", async () => {
  const { stderr } = await cli("goal", "show", "nothing", "--debug");
  assert.match(stderr, /^jepa-mpc: there is no goal nothing[^\n]*\n(.|\n)*at .*goal-library/);
});

test("a reader that goes away is no error", () => {
  const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.js");
  const { stderr } = spawnSync("sh", ["-c", "\"$0\" \"$1\" --help | true", process.execPath, main], { encoding: "utf8" });
  assert.equal(stderr, "");
});
