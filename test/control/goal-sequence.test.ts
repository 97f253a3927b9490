import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_PROGRESS, GoalSequence, type GoalVerdict } from "../../src/control/goal-sequence.js";

const PROGRESS = { ...DEFAULT_PROGRESS, plateauPictures: 4, lastPlateauPictures: 7 };

function sequence(count: number, frames = 1): GoalSequence {
  const goals = Array.from({ length: count }, (_, i) => ({ name: `goal ${i}`, latent: new Float32Array(1) }));
  return new GoalSequence(goals, { reachedBelow: 1, frames, leftAbove: 2, progress: PROGRESS });
}

/** Verdicts over energies, one picture each. */
function verdicts(goals: GoalSequence, energies: readonly number[]): GoalVerdict[] {
  return energies.map((energy, frame) => goals.judge(energy, frame));
}

test("below the threshold it is the next one's turn, and only the last is reached", () => {
  const goals = sequence(2);
  assert.deepEqual(verdicts(goals, [100, 50, 0.9]), ["waiting", "improved", "next"]);
  goals.advance();
  assert.equal(goals.current.name, "goal 1");
  assert.equal(goals.startEnergy, undefined);
  assert.deepEqual(verdicts(goals, [80, 0.5]), ["waiting", "reached"]);
  assert.equal(goals.startEnergy, 80);
  assert.throws(() => goals.advance(), /no sub-goal after "goal 1"/);
});

test("a sub-goal may have a tolerance of its own, wherever it stands", () => {
  const latent = new Float32Array(1);
  const goals = new GoalSequence([{ name: "tight", latent, reachedBelow: 0.1 }, { name: "as all", latent }, { name: "loose", latent, reachedBelow: 20 }],
    { reachedBelow: 1, frames: 1, leftAbove: 40, progress: PROGRESS });
  assert.equal(goals.reachedBelow, 0.1);
  assert.deepEqual(verdicts(goals, [100, 0.5, 0.09]), ["waiting", "improved", "next"]);
  goals.advance();
  assert.equal(goals.reachedBelow, 1);
  assert.deepEqual(verdicts(goals, [10, 1.1, 0.9]), ["waiting", "improved", "next"]);
  goals.advance();
  assert.deepEqual(verdicts(goals, [100, 19]), ["waiting", "reached"]);
});

test("one picture counts once, for reaching and for a plateau", () => {
  const goals = sequence(1, 2);
  assert.equal(goals.judge(0.5, 7), "waiting");
  for (let i = 0; i < 20; i++) assert.notEqual(goals.judge(0.5, 7), "reached");
  assert.equal(goals.judge(0.5, 8), "reached");
  const held = sequence(2);
  for (let i = 0; i < 20; i++) assert.equal(held.judge(100, 3), "waiting");
});

test("a plateau that is low enough is the next one's turn", () => {
  assert.deepEqual(verdicts(sequence(2), [100, 20, 20, 19.5, 20, 21]), ["waiting", "improved", "waiting", "waiting", "waiting", "next"]);
});

test("a plateau high up is a stall, of the last sub-goal too", () => {
  for (const count of [1, 2]) {
    assert.deepEqual(verdicts(sequence(count), [100, 60, 60, 59, 61, 60]), ["waiting", "improved", "waiting", "waiting", "waiting", "stalled"]);
  }
});

test("an energy that has risen far above its best is a stall, however low it was", () => {
  assert.deepEqual(verdicts(sequence(2), [100, 20, 90, 90, 90, 90]).at(-1), "stalled");
});

test("a low plateau of the last sub-goal is waited for, then a stall", () => {
  assert.deepEqual(verdicts(sequence(1), [100, 20, ...Array<number>(7).fill(20)]),
    ["waiting", "improved", ...Array<string>(6).fill("waiting"), "stalled"]);
});

test("a slow fall is no plateau: each fall of a twentieth of the best starts the count again", () => {
  const energies = Array.from({ length: 40 }, (_, i) => 100 * 0.98 ** i);
  assert.ok(verdicts(sequence(2), energies).every((verdict) => verdict === "waiting" || verdict === "improved"));
});

test("a restart forgets the plateau, not the first energy", () => {
  const goals = sequence(2);
  verdicts(goals, [100, 20, 20, 20, 20]);
  goals.restart();
  assert.equal(goals.startEnergy, 100);
  assert.deepEqual(verdicts(goals, [20, 20, 20, 20, 20]), ["waiting", "waiting", "waiting", "waiting", "next"]);
});

test("whatever the energies, a sub-goal before the last is never reached, and a verdict to go on needs a reason", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 40 }), fc.boolean(), (energies, last) => {
    const goals = sequence(last ? 1 : 2);
    for (const [frame, energy] of energies.entries()) {
      const verdict = goals.judge(energy, frame);
      assert.notEqual(verdict, last ? "next" : "reached");
      if (verdict === "next") assert.ok(energy < 1 || energy <= PROGRESS.settledShare * energies[0]!);
      if (verdict === "reached") assert.ok(energy < 1);
      if (verdict !== "waiting" && verdict !== "improved") return;
    }
  }));
});
