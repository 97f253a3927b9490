import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { writePngFile } from "../../src/camera/files.js";
import { GoalLibrary } from "../../src/goals/goal-library.js";
import { goalsDir } from "../../src/goals/goals-dir.js";

let root = "";
let library: GoalLibrary;
before(async () => { root = await mkdtemp(join(tmpdir(), "jepa-mpc-goals-")); });
beforeEach(async () => { library = new GoalLibrary(await mkdtemp(join(root, "goals-"))); });
after(() => rm(root, { recursive: true, force: true }));

const picture = (value: number) => ({ width: 4, height: 3, data: new Uint8Array(36).fill(value) });
const KEY = { bundle: "tiny", encoderSha256: "ab".repeat(32), dim: 3 };

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  assert.ok(error instanceof Error, "it was accepted");
  assert.ok(!error.message.includes("\n"), error.message);
  return error.message;
}

test("a goal that was added is there with its picture", async () => {
  const added = await library.add("cup-left_2.b", picture(9), "cup.png");
  assert.deepEqual(await library.get("cup-left_2.b"), added);
  assert.deepEqual(await library.image("cup-left_2.b"), picture(9));
  assert.deepEqual((await library.list()).map((entry) => entry.name), ["cup-left_2.b"]);
  const file = JSON.parse(await readFile(join(library.dir, "cup-left_2.b", "goal.json"), "utf8")) as Record<string, unknown>;
  assert.equal(file["source"], "cup.png");
  await library.remove("cup-left_2.b");
  assert.deepEqual(await library.list(), []);
  assert.deepEqual(await readdir(library.dir), []);
});

test("names that could leave the folder or hide in it are refused", async () => {
  for (const name of ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "-rf", "a b", "a\nb", "ä", "x".repeat(65), "a\\b", "a\0b"]) {
    assert.match(await refusal(library.add(name, picture(1), "s")), /^goal name ".*" is not allowed/, JSON.stringify(name));
    assert.match(await refusal(library.get(name)), /is not allowed/);
    assert.match(await refusal(library.remove(name)), /is not allowed/);
  }
  assert.deepEqual(await readdir(library.dir), []);
});

test("a missing goal is named with those there are", async () => {
  assert.match(await refusal(library.get("cup")), /there is no goal cup in .*it holds no goals yet/);
  await library.add("plate", picture(1), "s");
  assert.match(await refusal(library.get("cup")), /there are: plate/);
  assert.match(await refusal(library.remove("cup")), /there are: plate/);
  assert.deepEqual(await new GoalLibrary(join(root, "never-made")).list(), []);
});

test("an existing goal is not overwritten, unless it is to be replaced", async () => {
  await library.add("a", picture(1), "s");
  assert.match(await refusal(library.add("a", picture(2), "s")), /goal a exists already/);
  assert.equal((await library.image("a")).data[0], 1);
  const old = await library.get("a");
  await library.keepLatent(old, KEY, new Float32Array([1, 2, 3]));
  await library.add("a", picture(2), "s", { replace: true });
  assert.equal((await library.image("a")).data[0], 2);
  assert.equal(await library.cachedLatent(await library.get("a"), KEY), undefined, "the old picture's latent is gone");
});

test("of many that add the same name at once exactly one wins and the goal is whole", async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => library.add("a", picture(i), `source ${i}`)));
  assert.equal(results.filter((result) => result.status === "fulfilled").length, 1);
  const winner = results.findIndex((result) => result.status === "fulfilled");
  assert.equal((await library.image("a")).data[0], winner);
  assert.deepEqual(await readdir(library.dir), ["a"], "the losers leave nothing");
});

test("adding, replacing, reading and removing at once never shows half a goal", async () => {
  const add = async (i: number) => { await library.add("a", picture(i), "s", { replace: true }).catch((e: unknown) => { assert.match(String(e), /exists already/); }); };
  const read = async () => {
    for (const entry of await library.list()) {
      assert.ok("goal" in entry, "problem" in entry ? entry.problem : "");
    }
    await library.image("a").catch((e: unknown) => { assert.match(String(e), /there is no goal|not there/); });
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? add(i) : read())));
  assert.deepEqual((await library.list()).map((entry) => "goal" in entry), [true]);
});

test("damaged goals are listed with the reason and can be removed", async () => {
  await library.add("good", picture(1), "s");
  await library.add("json", picture(1), "s");
  await writeFile(join(library.dir, "json", "goal.json"), "{");
  await library.add("field", picture(1), "s");
  await writeFile(join(library.dir, "field", "goal.json"), JSON.stringify({ schema_version: 3 }));
  await mkdir(join(library.dir, "empty"));
  await library.add("pixels", picture(1), "s");
  await writePngFile(join(library.dir, "pixels", "image.png"), picture(2));
  await library.add("renamed", picture(1), "s");
  await writeFile(join(library.dir, "renamed", "goal.json"), await readFile(join(library.dir, "good", "goal.json")));
  await writeFile(join(library.dir, "a-file"), "not a goal");

  const problems = new Map((await library.list()).map((entry) => [entry.name, "problem" in entry ? entry.problem : ""]));
  assert.deepEqual([...problems.keys()], ["empty", "field", "good", "json", "pixels", "renamed"]);
  assert.match(problems.get("json")!, /goal\.json is damaged: it is not JSON/);
  assert.match(problems.get("field")!, /field schema_version/);
  assert.match(problems.get("empty")!, /is missing/);
  assert.match(problems.get("renamed")!, /field name/);
  assert.match(await refusal(library.image("pixels")), /SHA-256 differs/);
  for (const name of ["json", "field", "empty", "pixels", "renamed"]) {
    await library.remove(name);
  }
  assert.deepEqual((await library.list()).map((entry) => entry.name), ["good"]);
});

test("what the gripper is to be is kept with the picture, in a version that older programs refuse", async () => {
  await library.add("open-hand", picture(1), "s", { gripper: "open" });
  assert.equal((await library.get("open-hand")).gripper, "open");
  const { goal, image } = await library.read("open-hand");
  assert.deepEqual([goal.gripper, image], ["open", picture(1)]);
  const file = join(library.dir, "open-hand", "goal.json");
  const text = await readFile(file, "utf8");
  assert.equal((JSON.parse(text) as { schema_version: number }).schema_version, 2);
  await writeFile(file, text.replace('"open"', '"ajar"'));
  assert.match(await refusal(library.get("open-hand")), /goal\.json is damaged: field gripper is "ajar"/);
});

test("a latent is encoded once, and again when encoder, picture or file is another", async () => {
  await library.add("a", picture(1), "s");
  let calls = 0;
  const encode = (): Promise<Float32Array> => { calls++; return Promise.resolve(new Float32Array([0.1, -2.5e-7, 3e30])); };
  assert.equal((await library.latent("a", KEY, encode)).cached, false);
  const second = await library.latent("a", KEY, encode);
  assert.equal(second.cached, true);
  assert.deepEqual(second.latent, new Float32Array([0.1, -2.5e-7, 3e30]), "bit for bit");
  assert.equal(calls, 1);

  assert.equal((await library.latent("a", { ...KEY, encoderSha256: "cd".repeat(32) }, encode)).cached, false);
  assert.equal((await library.latent("a", { ...KEY, encoderSha256: `${"ab".repeat(6)}${"00".repeat(26)}` }, encode)).cached, false, "same first 12, other hash");
  await library.add("a", picture(2), "s", { replace: true });
  assert.equal((await library.latent("a", KEY, encode)).cached, false);

  const goal = await library.get("a");
  const [file] = await library.latentFiles(goal);
  const path = join(goal.folder, file!);
  const kept = JSON.parse(await readFile(path, "utf8")) as { values: string };
  await writeFile(path, JSON.stringify({ ...kept, values: Buffer.from(new Float32Array([9, 9, 9]).buffer).toString("base64") }));
  assert.equal(await library.cachedLatent(goal, KEY), undefined, "changed values");
  await writeFile(path, "{\"half");
  assert.equal((await library.latent("a", KEY, encode)).cached, false);
  assert.equal((await library.latent("a", KEY, encode)).cached, true);
});

test("bad latents are not kept, and a bundle's name cannot lead elsewhere", async () => {
  const goal = await library.add("a", picture(1), "s");
  assert.match(await refusal(library.keepLatent(goal, KEY, new Float32Array([1, Number.NaN, 2]))), /finite/);
  assert.match(await refusal(library.keepLatent(goal, KEY, new Float32Array(2))), /2 values/);
  await library.keepLatent(goal, { ...KEY, bundle: "../../evil" }, new Float32Array(3));
  assert.deepEqual(await library.latentFiles(goal), ["latent-.._.._evil-abababababab.json"]);
});

test("what a killed process left is swept after an hour, not before", async () => {
  await mkdir(join(library.dir, ".new-1-old"));
  await mkdir(join(library.dir, ".new-2-fresh"));
  await utimes(join(library.dir, ".new-1-old"), new Date(0), new Date(0));
  await library.add("a", picture(1), "s");
  assert.deepEqual((await readdir(library.dir)).sort(), [".new-2-fresh", "a"]);
});

test("a folder that cannot be made is one line", async () => {
  await writeFile(join(root, "file"), "");
  assert.match(await refusal(new GoalLibrary(join(root, "file", "goals")).add("a", picture(1), "s")), /cannot make the goals' folder .*file and not a folder/);
});

test("where the goals are kept", () => {
  assert.equal(goalsDir("/x/y", { JEPA_MPC_GOALS: "/z" }), "/x/y");
  assert.equal(goalsDir(undefined, { JEPA_MPC_GOALS: "/z" }), "/z");
  assert.equal(goalsDir(undefined, { XDG_DATA_HOME: "/data" }), "/data/jepa-mpc/goals");
  assert.match(goalsDir(undefined, {}), /\.local\/share\/jepa-mpc\/goals$/);
});
