import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ENVIRONMENT_FAMILIES } from "../../sim/environments/index.js";
import { TASK_NAMES } from "../../sim/tasks.js";
import { ENVIRONMENT_CHOICES, POLICY_CHOICES, SUITE_CELLS, TASK_CHOICES } from "../../src/cli/simulation-choices.js";
import { cellName, POLICIES, suiteCells } from "../../src/evaluation/cell.js";
import { ResultsFolder } from "../../src/evaluation/results-folder.js";
import { resultsTable, TABLE_END, TABLE_START, updateMarkedTable } from "../../src/evaluation/results-table.js";
import { record } from "./records.js";

async function inFolder(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "jepa-mpc-results-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test("what was kept is read again, by cell", () => inFolder(async (directory) => {
  const out = join(directory, "new", "folder");
  const folder = await ResultsFolder.open(out, { bundle: "a", planner: { kind: "icem" } });
  const [one, two, other] = [record(), record({ seed: 1, success: false }), record({ task: "reach", object: null, policy: "random" })];
  for (const each of [one, other, two]) await folder.append(each);
  assert.deepEqual(await folder.read(one), [one, two]);
  const again = await ResultsFolder.open(out, { planner: { kind: "icem" }, bundle: "a" });
  assert.deepEqual(await again.read(other), [other]);
  assert.deepEqual(await again.read(record({ object: "cup" })), []);
  assert.deepEqual(await again.readAll(), [[one, two], [other]]);
}));

test("a folder of other settings is refused in one line that names the setting", () => inFolder(async (directory) => {
  await ResultsFolder.open(directory, { bundle: "a", seed: 1 });
  await assert.rejects(ResultsFolder.open(directory, { bundle: "b", seed: 1 }), (error: Error) => {
    assert.match(error.message, /^[^\n]* other settings \(bundle: "a" there, "b" now\)[^\n]*$/);
    return true;
  });
}));

test("a line that was cut off is left out and taken away, a damaged one is named", () => inFolder(async (directory) => {
  const folder = await ResultsFolder.open(directory, {});
  await folder.append(record());
  const file = join(directory, `${cellName(record())}.jsonl`);
  await appendFile(file, '{"task":"pu');
  assert.equal((await folder.read(record())).length, 1);
  await folder.mend(record());
  await folder.append(record({ seed: 1 }));
  assert.deepEqual((await folder.read(record())).map(({ seed }) => seed), [0, 1]);
  await writeFile(file, '{"task":"push"}\n');
  await assert.rejects(folder.read(record()), /push-cube\.plain\.jepa\.jsonl, line 1, is no episode \(object: /);
  await writeFile(file, "nonsense\n");
  await assert.rejects(folder.read(record()), /line 1, is not JSON/);
}));

test("what another folder holds is taken in, once, and only of the same settings", () => inFolder(async (directory) => {
  const settings = { bundle: "a", seed: 1 };
  const folder = await ResultsFolder.open(join(directory, "all"), settings);
  const part = await ResultsFolder.open(join(directory, "part"), settings);
  const other = record({ task: "reach", object: null, policy: "random" });
  await folder.append(record());
  for (const each of [record({ success: false }), record({ seed: 1 }), record({ seed: 2 }), other]) await part.append(each);
  for (let i = 0; i < 2; i++) {
    await folder.take(part.directory);
    assert.deepEqual(await folder.read(record()), [record(), record({ seed: 1 }), record({ seed: 2 })], "what was there stays as it was");
    assert.deepEqual(await folder.read(other), [other]);
  }
  await assert.rejects(folder.take(join(directory, "nowhere")), /nowhere holds no results: give a folder that eval --out has made$/);
  await ResultsFolder.open(join(directory, "foreign"), { ...settings, bundle: "b" });
  await assert.rejects(folder.take(join(directory, "foreign")), /other settings \(bundle: "b" there, "a" now\): leave it out, or give the same settings$/);
}));

test("the table has a row for each cell, in the order of the suite", () => {
  const table = resultsTable([
    [record({ task: "reach", object: null, policy: "random", plan_ms: [], success: false, final_distance_m: 0.2 })],
    [record(), record({ seed: 1, success: false, final_distance_m: 0.05 })],
    [record({ task: "reach", object: null })],
  ]);
  assert.deepEqual(table.split("\n").slice(2), [
    "| reach | plain | jepa | 100.0 % (1 of 1) | 20.7 to 100.0 % | 1.0 cm | 10 | 15 / 20 ms |",
    "| reach | plain | random | 0.0 % (0 of 1) | 0.0 to 79.3 % | 20.0 cm | 10 |  |",
    "| push, cube | plain | jepa | 50.0 % (1 of 2) | 9.5 to 90.5 % | 3.0 cm | 10 | 15 / 20 ms |",
  ]);
});

test("a table goes between its markers and nothing else changes; a file without both is refused", () => inFolder(async (directory) => {
  const file = join(directory, "page.md");
  const page = (inside: string): string => `before\n${TABLE_START}${inside}${TABLE_END}\nafter\n`;
  await writeFile(file, page("\n"));
  await updateMarkedTable(file, "| a |");
  await updateMarkedTable(file, "| b |");
  assert.equal(await readFile(file, "utf8"), page("\n\n| b |\n\n"));
  for (const bad of ["nothing", TABLE_START, `${TABLE_END}${TABLE_START}`, page("") + page("")]) {
    await writeFile(file, bad);
    await assert.rejects(updateMarkedTable(file, "| c |"), /page\.md needs the lines /);
    assert.equal(await readFile(file, "utf8"), bad);
  }
}));

test("the suite has every task, object, environment and policy, each cell once", () => {
  const cells = suiteCells();
  assert.equal(new Set(cells.map(cellName)).size, cells.length);
  for (const [key, values] of [["task", TASK_NAMES], ["object", ["cube", "cup", null]], ["environment", ENVIRONMENT_FAMILIES], ["policy", POLICIES]] as const) {
    assert.deepEqual(new Set(cells.map((cell) => cell[key])), new Set<string | null>(values));
  }
  assert.equal(cells.length, SUITE_CELLS);
  assert.deepEqual(suiteCells({ task: "tidy" }), []);
  const narrow = suiteCells({ task: "push", object: "cup", environment: "plain", policy: "jepa" });
  assert.deepEqual(narrow.map(cellName), ["push-cup.plain.jepa"]);
});

test("the command line offers what there is", () => {
  assert.deepEqual([TASK_CHOICES, ENVIRONMENT_CHOICES, POLICY_CHOICES], [TASK_NAMES, ENVIRONMENT_FAMILIES, POLICIES]);
});
