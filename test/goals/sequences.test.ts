import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";

import { GoalLibrary } from "../../src/goals/goal-library.js";

let root = "";
let library: GoalLibrary;
before(async () => { root = await mkdtemp(join(tmpdir(), "jepa-mpc-sequences-")); });
beforeEach(async () => {
  library = new GoalLibrary(await mkdtemp(join(root, "goals-")));
  for (const name of ["above", "at", "away"]) await library.add(name, picture(1), "s");
});
after(() => rm(root, { recursive: true, force: true }));

const picture = (value: number) => ({ width: 4, height: 3, data: new Uint8Array(36).fill(value) });

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  assert.ok(error instanceof Error, "it was accepted");
  assert.ok(!error.message.includes("\n"), error.message);
  return error.message;
}

const GRASP = [{ goal: "above", tolerance: 0.2 }, { goal: "at" }, { goal: "above" }];

test("a sequence is kept in its order, with its tolerances, beside the goals", async () => {
  const added = await library.sequences.add("grasp", GRASP);
  assert.deepEqual(added.steps, GRASP);
  assert.deepEqual(await library.sequences.get("grasp"), added);
  assert.deepEqual((await library.sequences.list()).map(({ name }) => name), ["grasp"]);
  assert.deepEqual((await library.list()).map(({ name }) => name), ["above", "at", "away"], "a sequence is no goal");
  assert.deepEqual(await library.steps("grasp"), GRASP);
  assert.deepEqual(await library.steps("at"), [{ goal: "at" }]);
  assert.deepEqual(JSON.parse(await readFile(join(library.dir, "grasp", "sequence.json"), "utf8")), {
    schema_version: 1, name: "grasp", created: added.created.toISOString(), goals: GRASP,
  });
  await library.sequences.remove("grasp");
  assert.deepEqual((await readdir(library.dir)).sort(), ["above", "at", "away"], "its goals stay");
});

test("goals and sequences have one list of names", async () => {
  await library.sequences.add("grasp", GRASP);
  assert.match(await refusal(library.add("grasp", picture(2), "s")), /goal grasp exists already/);
  assert.match(await refusal(library.add("grasp", picture(2), "s", { replace: true })), /grasp is a sequence in .*; remove it first/);
  assert.match(await refusal(library.sequences.add("at", GRASP)), /sequence at exists already/);
  assert.match(await refusal(library.sequences.add("at", GRASP, { replace: true })), /at is a goal in .*; remove it first/);
  assert.match(await refusal(library.sequences.add("grasp", GRASP)), /sequence grasp exists already .*--replace/);
  await library.sequences.add("grasp", [{ goal: "away" }], { replace: true });
  assert.deepEqual(await library.steps("grasp"), [{ goal: "away" }]);
  assert.match(await refusal(library.get("grasp")), /grasp is a sequence, not a goal/);
  assert.match(await refusal(library.remove("grasp")), /grasp is a sequence, not a goal; remove it with: jepa-mpc goal sequence remove grasp/);
  assert.match(await refusal(library.sequences.get("at")), /there is no sequence at in .*; there are: grasp/);
  assert.match(await refusal(library.sequences.remove("at")), /there is no sequence at/);
});

test("what is no sequence is refused, and nothing is kept", async () => {
  await library.sequences.add("other", GRASP);
  for (const [steps, why] of [
    [[], /would have 0 goals; 1 to 32 are taken/], [Array.from({ length: 33 }, () => ({ goal: "at" })), /would have 33 goals/],
    [[{ goal: "nowhere" }], /there is no goal nowhere in .*; there are: above, at, away/], [[{ goal: "other" }], /other is a sequence itself/],
    [[{ goal: "at", tolerance: 0 }], /the tolerance of at is 0; an energy above 0/], [[{ goal: "at", tolerance: Infinity }], /is Infinity/],
    [[{ goal: "../at" }], /goal name "\.\.\/at" is not allowed/],
  ] as const) {
    assert.match(await refusal(library.sequences.add("bad", steps)), why);
  }
  assert.match(await refusal(library.sequences.add(".bad", GRASP)), /is not allowed/);
  assert.deepEqual((await readdir(library.dir)).sort(), ["above", "at", "away", "other"]);
});

test("a goal that a sequence needs stays, unless by force; then the sequence says what is missing", async () => {
  await library.sequences.add("grasp", GRASP);
  await library.sequences.add("look", [{ goal: "above" }]);
  await library.remove("away");
  assert.match(await refusal(library.remove("at")), /goal at is needed by the sequence grasp; remove that first, or .* --force/);
  assert.match(await refusal(library.remove("above")), /needed by the sequences grasp, look; remove those first/);
  await library.remove("above", { force: true });
  assert.deepEqual(await library.sequences.missing(await library.sequences.get("grasp")), ["above"]);
  assert.match(await refusal(library.steps("grasp")), /sequence grasp needs the goal above, which is not in .*; add what is missing/);
  await library.add("above", picture(3), "s");
  assert.deepEqual(await library.steps("grasp"), GRASP);
});

test("damaged sequences are listed with the reason and can be removed", async () => {
  const damage = async (name: string, text: string) => {
    await library.sequences.add(name, GRASP);
    await writeFile(join(library.dir, name, "sequence.json"), text);
  };
  const good = { schema_version: 1, name: "goals", created: new Date().toISOString(), goals: GRASP };
  await damage("json", "{");
  await damage("goals", JSON.stringify({ ...good, goals: [] }));
  await damage("newer", JSON.stringify({ ...good, schema_version: 2 }));
  await damage("renamed", JSON.stringify(good));
  await damage("misspelt", JSON.stringify({ ...good, name: "misspelt", goals: [{ goal: "at", tolerence: 1 }] }));
  const problems = new Map((await library.sequences.list()).map((entry) => [entry.name, "problem" in entry ? entry.problem : ""]));
  assert.match(problems.get("json")!, /sequence\.json is damaged: it is not JSON/);
  assert.match(problems.get("goals")!, /field goals is \[\]: must have at least one goal/);
  assert.match(problems.get("newer")!, /field schema_version/);
  assert.match(problems.get("renamed")!, /field name: it says "goals"/);
  assert.match(problems.get("misspelt")!, /field goals\[0\]\.tolerence/);
  for (const name of problems.keys()) await library.sequences.remove(name);
  assert.deepEqual(await library.sequences.list(), []);
});

test("of many processes that add the same sequence at once exactly one wins and it is whole", async () => {
  const module = fileURLToPath(new URL("../../src/goals/goal-library.js", import.meta.url));
  const script = `
    const { GoalLibrary } = await import(${JSON.stringify(module)});
    const library = new GoalLibrary(process.argv[1]);
    let won = 0;
    for (let i = 0; i < 10; i++) await library.sequences.add("s" + i, [{ goal: process.argv[2] }, { goal: process.argv[2] }]).then(() => { won++; }, () => undefined);
    process.stdout.write(String(won));`;
  const run = (goal: string): Promise<number> => new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, library.dir, goal], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
    child.on("error", reject);
    child.on("close", () => { resolve(Number(out)); });
  });
  const won = await Promise.all(["above", "at", "away"].map(run));
  assert.equal(won.reduce((a, b) => a + b, 0), 10, JSON.stringify(won));
  for (const entry of await library.sequences.list()) {
    assert.ok("sequence" in entry, "problem" in entry ? entry.problem : "");
    assert.equal(entry.sequence.steps[0]!.goal, entry.sequence.steps[1]!.goal);
  }
  assert.equal((await readdir(library.dir)).length, 13, "the losers leave nothing");
});
