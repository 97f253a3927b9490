import assert from "node:assert/strict";
import { test } from "node:test";
import { framesToCommands } from "../../bench/benchmarks/frame-to-command.js";
import type { SeenStatus, Stamped } from "../../bench/benchmarks/running-graph.js";

const stamped = (stampS: number, wayS: number): Stamped => ({ stampS, receivedS: stampS + wayS });

/** A picture 10 ms before each step, a command 1 ms on its way, the step's status 1 ms later; the plan took 30 + 5 ms. */
function graph(steps: readonly number[], goal = "a", fromS = 100): { pictures: Stamped[]; commands: Stamped[]; statuses: SeenStatus[] } {
  const times = steps.map((_, i) => fromS + 0.2 * i);
  return {
    pictures: times.map((t) => stamped(t - 0.01, 0.003)),
    commands: times.map((t) => stamped(t, 0.001)),
    statuses: steps.map((step, i) => ({ receivedS: times[i]! + 0.002, state: "planning", final: false, goal, steps: step, planMs: 30, encodeMs: 5, pictureWaitMs: 0 })),
  };
}

test("a command is held against the picture before the step before it", () => {
  const { pictures, commands, statuses } = graph([1, 2, 3]);
  const found = framesToCommands(pictures, commands, statuses);
  assert.equal(found.length, 2);
  for (const { totalMs, planMs, waitMs, cameraMs, restMs } of found) {
    assert.ok(Math.abs(totalMs - 211) < 1e-3, `${totalMs}`);
    assert.equal(planMs, 35);
    assert.ok(Math.abs(waitMs - 165) < 1e-3, `${waitMs}`);
    assert.ok(Math.abs(cameraMs - 3) < 1e-3, `${cameraMs}`);
    assert.ok(Math.abs(restMs - 8) < 1e-3, `${restMs}`);
  }
});

test("a plan that waited for a picture is held against that one", () => {
  const { pictures, commands, statuses } = graph([1, 2, 3]);
  // The second picture comes 20 ms late, 13 ms after its step, whose plan waits for it.
  pictures[1] = stamped(pictures[1]!.stampS, 0.023);
  statuses[2] = { ...statuses[2]!, pictureWaitMs: 13 };
  const late = framesToCommands(pictures, commands, statuses)[1]!;
  for (const [value, wanted] of [[late.totalMs, 211], [late.cameraMs, 23], [late.waitMs, 152], [late.restMs, 1]] as const) assert.ok(Math.abs(value - wanted) < 1e-3, `${value} instead of ${wanted}`);
});

test("statuses between steps, missed steps and other goals are left out", () => {
  const first = graph([1, 2, 4, 5]);
  const second = graph([1, 2], "b", 200);
  const statuses = [...first.statuses, ...second.statuses];
  // The same step twice, as when the guards slow the arm, and one that says that it holds.
  statuses.splice(2, 0, { ...statuses[1]!, receivedS: statuses[1]!.receivedS + 0.05 }, { ...statuses[1]!, receivedS: statuses[1]!.receivedS + 0.06, state: "holding", steps: 3 });
  const found = framesToCommands([...first.pictures, ...second.pictures], [...first.commands, ...second.commands], statuses);
  assert.equal(found.length, 3);
  for (const { restMs } of found) assert.ok(Math.abs(restMs - 8) < 1e-3, `${restMs}`);
});

test("a step after a hold does not follow the step before it", () => {
  const { pictures, commands, statuses } = graph([1, 2, 3]);
  const held: SeenStatus = { ...statuses[1]!, state: "holding", receivedS: statuses[1]!.receivedS + 0.1 };
  assert.equal(framesToCommands(pictures, commands, statuses.toSpliced(2, 0, held)).length, 1);
});
