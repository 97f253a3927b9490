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

test("period by period: stuck when the planner began anew twice on the way to one sub-goal, forgiven or not", () => {
  const watch = new WayWatch(wayOf("a", "b"));
  assert.equal(watch.period(1, 0, false), undefined);
  assert.equal(watch.period(1, 1, false), undefined);
  assert.equal(watch.period(1, 0, false), undefined, "forgiven by the controller");
  assert.deepEqual(watch.period(1, 1, false), { kind: "stuck" });
  watch.begin(wayOf("c", "d"));
  assert.equal(watch.period(1, 1, false), undefined);
  assert.deepEqual(watch.period(2, 1, false), { kind: "left", subGoal: watch.way[0] }, "the next sub-goal begins anew");
  assert.equal(watch.period(2, 2, false), undefined);
  assert.deepEqual(watch.period(2, 2, true), { kind: "stuck" }, "given up");
});

test("period by period: stuck when one sub-goal takes 40 of them", () => {
  const watch = new WayWatch(wayOf("a", "b"));
  for (let i = 0; i < 30; i++) assert.equal(watch.period(1, 0, false), undefined);
  assert.equal(watch.period(2, 0, false)?.kind, "left");
  for (let i = 1; i < 40; i++) assert.equal(watch.period(2, 0, false), undefined);
  assert.deepEqual(watch.period(2, 0, false), { kind: "stuck" });
});
