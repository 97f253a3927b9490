import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { readImageFile, writePngFile } from "../../src/camera/files.js";
import { GoalLibrary } from "../../src/goals/goal-library.js";
import { imageMessage, plainPicture, writeMcap, writeSqlite } from "../bags/write-bag.js";
import { assertOneLine, runCli } from "./run-cli.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SHIPPED = join(ROOT, "models", "arm-objects-jepa");
const TINY = join(ROOT, "test", "fixtures", "tiny-bundle");
/** Two pictures of the simulator, 26 cm apart for the tool. */
const START = join(ROOT, "docs", "images", "landscape-start.png");
const AWAY = join(ROOT, "docs", "images", "landscape-goal.png");
const VIDEO = join(ROOT, "test", "fixtures", "ramp.mp4");

let dir = "";
let library: GoalLibrary;
const cli = (...args: string[]) => runCli(["goal", ...args], { JEPA_MPC_GOALS: library.dir, JEPA_MPC_BUNDLE: SHIPPED }, dir);

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-goal-tools-"));
  library = new GoalLibrary(join(dir, "goals"));
  await library.add("start", await readImageFile(START), "a test");
  await library.add("away", await readImageFile(AWAY), "a test");
});
after(() => rm(dir, { recursive: true, force: true }));

test("the life of a sequence", async () => {
  assert.equal((await cli("sequence", "add", "tour", "away:0.2,start")).stdout, "sequence tour: away:0.2, start\n");
  assert.match((await cli("list")).stdout, /\nstart +96x96 .*\ntour +sequence +\S+ \S+ +away:0\.2, start\n$/);
  const shown = await cli("sequence", "show", "tour", "--png", "strip.png");
  assert.match(shown.stdout, /1 +away +0\.2 +96x96 +a test\n2 +start +96x96/, JSON.stringify(shown));
  assert.ok((await readImageFile(join(dir, "strip.png"))).width > 400, "two pictures side by side");
  assertOneLine(await cli("remove", "away"), 1, /goal away is needed by the sequence tour/);
  assertOneLine(await cli("sequence", "add", "x", "away:nought"), 2, /tolerance of away "nought" is not a number/);
  assertOneLine(await cli("sequence", "add", "x"), 2, /goal sequence add needs <NAME> <GOALS>/);
  assertOneLine(await cli("sequence", "ad", "x"), 2, /unknown command "ad"; did you mean add\?/);
  assert.match((await cli("sequence", "remove", "tour")).stdout, /sequence tour removed from .*; its goals are still there/);
  assert.match((await cli("sequence", "list")).stdout, /^no sequences in /);
});

describe("goal add", () => {
  test("takes a picture out of a bag at a time", async () => {
    const bag = join(dir, "scene.mcap");
    await writeMcap(bag, [0, 1, 2, 3].flatMap((timeS) => ["/left", "/right"].map((topic, t) => (
      { topic, type: "sensor_msgs/msg/Image", timeS, message: imageMessage(plainPicture(10 * timeS + 100 * t)) }))));
    assertOneLine(await cli("add", "a", bag), 2, /is a recording: say which picture with --at SECONDS .* or --at end/);
    assertOneLine(await cli("add", "a", bag, "--at", "1"), 1, /several topics with pictures: say which: \/left \(4\), \/right \(4\)/);
    assertOneLine(await cli("add", "a", bag, "--at", "9", "--topic", "/left"), 1, /lasts 3\.000 s; 9 s is not in it/);
    assert.equal((await cli("add", "from-bag", bag, "--at", "2.2", "--topic", "/right")).code, 0);
    assert.deepEqual(await library.image("from-bag"), plainPicture(120));
    assert.equal((await library.get("from-bag")).source, `${bag}, topic /right at 2.000 s`);
    await mkdir(join(dir, "bag"));
    writeSqlite(join(dir, "bag", "bag_0.db3"), [0, 1].map((timeS) => ({ topic: "/camera", type: "sensor_msgs/msg/Image", timeS, message: imageMessage(plainPicture(50 + timeS)) })));
    assert.equal((await cli("add", "from-folder", "bag", "--at", "end")).code, 0);
    assert.deepEqual(await library.image("from-folder"), plainPicture(51));
    assertOneLine(await cli("add", "x", START, "--at", "1"), 2, /--at is for videos and bags/);
    assertOneLine(await cli("add", "x", START, "--topic", "/a"), 2, /--topic is for bags/);
  });

  test("takes a picture out of a video at a time", async (t) => {
    const python = [process.env["JEPA_MPC_TRAINING_PYTHON"] ?? "", join(ROOT, ".env-training", "bin", "python")].find((path) => path !== "" && spawnSync(path, ["-c", "import av"]).status === 0);
    if (python === undefined && spawnSync("ffmpeg", ["-version"]).error !== undefined) {
      const result = await runCli(["goal", "add", "v", VIDEO, "--at", "1"], { JEPA_MPC_GOALS: library.dir, PATH: "/nowhere" });
      assertOneLine(result, 1, /nothing here can decode videos; install ffmpeg, or set up the training environment/);
      t.skip("neither ffmpeg nor PyAV is here");
      return;
    }
    for (const [at, brightness] of [["0", 0], ["1.5", 120], ["end", 232]] as const) {
      const added = await cli("add", "from-video", VIDEO, "--at", at, "--replace");
      assert.equal(added.code, 0, added.stderr);
      const { width, height, data } = await library.image("from-video");
      assert.deepEqual([width, height], [48, 32]);
      // The picture before or after, and what the codec loses.
      assert.ok(Math.abs(data[0]! - brightness) <= 10, `${at}: ${data[0]}`);
    }
    assertOneLine(await cli("add", "x", VIDEO, "--at", "60"), 1, /cannot read video .*ramp\.mp4: /);
    await writeFile(join(dir, "broken.mp4"), "no video");
    assertOneLine(await cli("add", "x", "broken.mp4", "--at", "0"), 1, /cannot read video broken\.mp4: /);
  });

  test("makes a goal of another one with the gripper changed, where the bundle knows its gripper", async () => {
    const added = await cli("add", "away-closed", "away", "--gripper", "closed");
    assert.match(added.stdout, /^goal away-closed: 96x96 picture with the gripper closed kept in /, JSON.stringify(added));
    const goal = await library.get("away-closed");
    assert.deepEqual([goal.gripper, goal.source], ["closed", "goal away (a test)"]);
    assert.deepEqual(await library.image("away-closed"), await library.image("away"), "the picture stays what it is");
    assertOneLine(await cli("add", "x", "away", "--gripper", "closed", "--bundle", TINY), 1, /bundle tiny cannot be told that the gripper is closed/);
    assertOneLine(await cli("add", "x", "away", "--gripper", "ajar"), 2, /--gripper "ajar" is not one of "open", "closed"/);
    const there = JSON.parse((await cli("compare", "away", "away-closed", "--json")).stdout) as { energy: number };
    const same = JSON.parse((await cli("compare", "away", "away", "--json")).stdout) as { energy: number };
    assert.ok(there.energy > same.energy + 0.05, `${there.energy} against ${same.energy}`);
    assertOneLine(await cli("add", "x", "nobody"), 1, /"nobody" is no file and no goal in/);
  });
});

describe("goal import", () => {
  let folder = "";
  before(async () => {
    folder = join(dir, "import");
    await mkdir(join(folder, "cups", "blue one"), { recursive: true });
    await mkdir(join(folder, "demo"));
    await writePngFile(join(folder, "plate.png"), plainPicture(1));
    await writePngFile(join(folder, "cups", "Tasse ä.PNG"), plainPicture(2));
    await writePngFile(join(folder, "cups", "blue one", "goal.png"), plainPicture(3));
    await writeFile(join(folder, "cups", "notes.txt"), "x");
    await writeFile(join(folder, "cups", "broken.png"), "no picture");
    await copyFile(VIDEO, join(folder, "demo.mp4"));
    for (let i = 1; i <= 11; i++) await writePngFile(join(folder, "demo", `frame_${i}.png`), plainPicture(i));
  });

  test("says what it would take, and what not and why", async () => {
    const before = (await readdir(library.dir)).sort();
    const { stdout, code } = await cli("import", folder, "--dry-run", "--json");
    assert.equal(code, 0);
    const plan = JSON.parse(stdout) as { goals: { name: string }[]; leftOut: { path: string; reason: string }[] };
    assert.deepEqual(plan.goals.map(({ name }) => name), [
      "plate", "cups-Tasse-a", "cups-blue-one", ...Array.from({ length: 11 }, (_, i) => `demo-frame_${i + 1}`),
    ]);
    assert.deepEqual(plan.leftOut.map(({ path }) => path), ["demo.mp4", "cups/notes.txt", "cups/broken.png"]);
    assert.match(plan.leftOut[2]!.reason, /is not a PNG or JPEG picture/);
    assert.deepEqual((await readdir(library.dir)).sort(), before, "nothing was kept");
  });

  test("makes sequences of folders, of so many pictures", async () => {
    const { stdout, code } = await cli("import", join(folder, "demo"), "--sequence", "--pick", "3", "--prefix", "x-");
    assert.equal(code, 0);
    assert.match(stdout, /^took 3 goals and 1 sequence into .*\n {2}x-demo-1 .*frame_4\.png\n {2}x-demo-2 .*frame_7\.png\n {2}x-demo-3 .*frame_11\.png\n {2}x-demo {2}sequence of 3\nleft out 1:\n {2}\.: 8 of its 11 pictures, by --pick 3\n$/);
    assert.deepEqual((await library.steps("x-demo")).map(({ goal }) => goal), ["x-demo-1", "x-demo-2", "x-demo-3"]);
    assert.deepEqual(await library.image("x-demo-3"), plainPicture(11));
    const again = await cli("import", join(folder, "demo"), "--sequence", "--pick", "3", "--prefix", "x-");
    assert.match(again.stdout, /took 0 goals .*\n(.*\n)* {2}frame_4\.png: x-demo-1 exists already/);
    assert.match(again.stderr, /gave no goal/);
    assert.equal(again.code, 1);
  });

  test("takes where each folder ended", async () => {
    const { stdout } = await cli("import", join(folder, "demo"), "--pick", "1", "--dry-run");
    assert.match(stdout, /^would take 1 goal into .*\n {2}demo {2}.*frame_11\.png\n/);
  });

  test("keeps all or nothing: what fails in the middle leaves nothing behind", async () => {
    const fresh = new GoalLibrary(join(dir, "fresh"));
    // A sequence's name is taken while the pictures are read: simulated by a goal folder that cannot be renamed over.
    await mkdir(join(dir, "fresh", "demo", "in-the-way"), { recursive: true });
    const result = await runCli(["goal", "import", join(folder, "demo"), "--sequence", "--pick", "2"], { JEPA_MPC_GOALS: fresh.dir });
    assert.equal(result.code, 1, JSON.stringify(result));
    assert.deepEqual(await readdir(fresh.dir), ["demo"]);
  });

  test("refuses what is no folder of pictures", async () => {
    assertOneLine(await cli("import", "nowhere"), 1, /cannot read the folder .*nowhere: it is not there/);
    assertOneLine(await cli("import", START), 1, /it is no folder/);
    assertOneLine(await cli("import", folder, "--pick", "0"), 2, /--pick "0" is not a whole number/);
  });
});

test("nearest: a picture is nearest to the goal of its own scene", async () => {
  const found = JSON.parse((await cli("nearest", START, "-k", "2", "--json")).stdout) as { nearest: { name: string; distance: number; energy: number; reached: boolean }[]; typicalDistance: number };
  assert.equal(found.nearest.length, 2);
  assert.equal(found.nearest[0]!.name, "start");
  assert.ok(found.nearest[0]!.distance < 1e-4 && found.nearest[0]!.reached, JSON.stringify(found));
  assert.ok(found.nearest[1]!.distance > found.nearest[0]!.distance && found.typicalDistance > 0);
  const goal = await cli("nearest", "start", "-k", "1");
  assert.doesNotMatch(goal.stdout, /\nstart /, "not itself");
  assert.match(goal.stdout, /^GOAL +DISTANCE +OF TYPICAL +ENERGY\n\S+ +[\d.]+ +\d+ % +[\d.]+/);
  assertOneLine(await cli("nearest"), 2, /needs a PICTURE or --camera/);
  assertOneLine(await cli("nearest", START, "--camera"), 2, /not both/);
});

describe("check", () => {
  interface Checked { readonly looksReachable: boolean; readonly checks: readonly { readonly goal: string; readonly outlook: string; readonly startEnergy: number; readonly endEnergy: number; readonly endState: Record<string, number>; readonly sentence: string }[] }
  const check = async (...args: string[]): Promise<Checked & { readonly code: number | null }> => {
    const { stdout, stderr, code } = await cli("check", ...args, "--json");
    assert.equal(stderr, "");
    return { ...(JSON.parse(stdout) as Checked), code };
  };
  const AT = "--state=0.40335,-0.11576,0.24242,0.08,0,0,0";

  test("a goal within the horizon, with where the plan would end", async () => {
    const { checks: [found], code, looksReachable } = await check("away", "--picture", START, AT, "--tolerance", "0.3");
    assert.deepEqual([found!.outlook, code, looksReachable], ["within_horizon", 0, true]);
    assert.match(found!.sentence, /^Yes: within one horizon \(energy 1\.\d+ now, 0\.[0-2]\d+ after the best plan of 2 s, below 0\.3 counts\)\.$/);
    assert.ok(Math.abs(found!.endState["ee_y"]! - 0.124) < 0.03 && Math.abs(found!.endState["ee_x"]! - 0.48) < 0.03, JSON.stringify(found!.endState));
  });

  test("one that is there already, and one whose gripper alone is another", async () => {
    assert.equal((await check("away", "--picture", AWAY)).checks[0]!.outlook, "there");
    const closed = (await check("away-closed", "--picture", AWAY, "--tolerance", "0.07")).checks[0]!;
    assert.equal(closed.outlook, "within_horizon", closed.sentence);
    assert.ok(closed.endState["gripper_opening"]! < 0.02, "the plan closes it");
  });

  test("a picture of something else, with the exit code", async () => {
    await library.add("stripes", { width: 96, height: 96, data: Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => ((i >> 4) % 2) * 255) }, "s");
    const { checks: [found], code, looksReachable } = await check("stripes", "--picture", START);
    assert.deepEqual([found!.outlook, code, looksReachable], ["unlike_training", 1, false]);
    assert.match(found!.sentence, /^No: its picture is unlike those of training \([\d.]+ times the threshold\); the controller would refuse it/);
    const people = await cli("check", "stripes", "--picture", START);
    assert.equal(people.code, 1);
    assert.match(people.stdout, /^No: .*\nunlikeness +\d+ % of what is refused\nenergy +.* now \(.*\)\nplan +|^No: /);
  });

  test("a sequence, each goal from the one before", async () => {
    await library.sequences.add("there-and-back", [{ goal: "away", tolerance: 0.3 }, { goal: "start", tolerance: 5 }, { goal: "away", tolerance: 1e-6 }]);
    const { checks } = await check("there-and-back", "--picture", START);
    assert.deepEqual(checks.map(({ goal }) => goal), ["away", "start", "away"]);
    assert.deepEqual(checks.map(({ outlook }) => outlook), ["within_horizon", "there", "several_horizons"], "by the tolerance of each");
    assert.ok(Math.abs(checks[2]!.endState["ee_y"]! - 0.124) < 0.04, "the third starts from the second's place and comes back");
    await library.sequences.remove("there-and-back");
  });

  test("one line for what cannot be", async () => {
    assertOneLine(await cli("check", "away", AT), 2, /--state needs --picture/);
    assertOneLine(await cli("check", "nobody", "--picture", START), 1, /"nobody" is neither a goal/);
  });
});
