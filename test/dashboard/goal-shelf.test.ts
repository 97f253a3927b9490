import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

import { GoalShelf } from "../../src/dashboard/goal-shelf.js";
import { GoalLibrary } from "../../src/goals/goal-library.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-shelf-"));
after(() => { rmSync(folder, { recursive: true }); });

it("lists sequences behind the goals, with the pictures of their goals, and says which cannot be gone for", async () => {
  const library = new GoalLibrary(folder);
  for (const [i, name] of ["cup", "box", "lid"].entries()) await library.add(name, { width: 8, height: 8, data: new Uint8Array(192).fill(40 * i) }, "test");
  await library.sequences.add("all", [{ goal: "lid", tolerance: 0.2 }, { goal: "cup" }]);
  await library.sequences.add("lacking", [{ goal: "box" }, { goal: "cup" }]);
  await library.sequences.add("damaged", [{ goal: "lid" }]);
  await library.sequences.add("unreadable", [{ goal: "cup" }]);
  await library.remove("box", { force: true });
  writeFileSync(join(folder, "unreadable", "sequence.json"), "{");
  const shelf = new GoalShelf(library);
  const list = await shelf.list();
  assert.deepEqual(list.map(({ name }) => name), ["cup", "lid", "all", "damaged", "lacking", "unreadable"]);
  const [cup, lid, all, , lacking, unreadable] = list;
  assert.equal(cup!.steps, undefined);
  assert.match(all!.note, /^sequence of 2, \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  assert.deepEqual([all!.url, all!.problem, all!.steps], [cup!.url, undefined, [{ name: "lid", url: lid!.url, reachedBelow: 0.2 }, { name: "cup", url: cup!.url }]]);
  assert.match(lacking!.problem!, /^sequence lacking needs the goal box, which is not in /);
  assert.deepEqual(lacking!.steps, [{ name: "box" }, { name: "cup", url: cup!.url }]);
  assert.match(unreadable!.problem!, /sequence\.json is damaged/);
  // The library would find this one only on the way.
  writeFileSync(join(folder, "lid", "goal.json"), "{");
  assert.match((await shelf.list()).find(({ name }) => name === "damaged")!.problem!, /goal\.json is damaged/);
});
