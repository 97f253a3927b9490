import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_WAYS, WayWatch } from "../../src/chain/way-watch.js";

const wayOf = (...names: string[]) => names.map((name, i) => ({ name, latent: Float32Array.of(i) }));

test("a way is doubted when a sub-goal was left behind, the last one of several, and once each", () => {
  const watch = new WayWatch(wayOf("a", "b", "c", "d"));
  assert.equal(watch.doubt(undefined, false), undefined);
  assert.equal(watch.doubt(0, false), undefined, "not under way yet");
  assert.equal(watch.doubt(1, false), undefined);
  assert.deepEqual(watch.doubt(2, false), { kind: "left", subGoal: watch.way[0] });
  assert.equal(watch.doubt(2, false), undefined);
  assert.deepEqual(watch.doubt(4, false), { kind: "left", subGoal: watch.way[2] });
  assert.deepEqual(watch.doubt(4, true), { kind: "stuck" });
});

test("another way begins at its first sub-goal", () => {
  const watch = new WayWatch(wayOf("a", "b", "c"));
  watch.doubt(3, false);
  watch.begin(wayOf("x", "y"));
  assert.equal(watch.ways, 2);
  assert.equal(watch.doubt(1, false), undefined);
  assert.deepEqual(watch.doubt(2, false), { kind: "left", subGoal: watch.way[0] });
});

test("ways are not looked for without end", () => {
  const watch = new WayWatch(wayOf("a"));
  for (let ways = 1; ways < MOST_WAYS; ways++) {
    assert.deepEqual(watch.doubt(1, true), { kind: "stuck" });
    watch.begin(wayOf("a"));
  }
  assert.equal(watch.ways, MOST_WAYS);
  assert.equal(watch.doubt(1, true), undefined);
});
