import assert from "node:assert/strict";
import { test } from "node:test";
import type { Guard, Motion, Verdict } from "../../../src/safety/guards/guard.js";
import { worstVerdict } from "../../../src/safety/guards/worst-verdict.js";

const MOTION: Motion = { positions: [0], velocities: [1], rest: [0.1] };
const says = (name: string, verdict: unknown): Guard => ({ name, assess: () => verdict as Verdict });
const slowed = (name: string, scale: number): Guard => says(name, { scale, reason: "collision_near", sentence: `Slowed: ${name}.` });

test("the smallest scale wins, with its reason; of equals the first; no guards, no limits", () => {
  assert.deepEqual(worstVerdict([], MOTION), { scale: 1 });
  assert.deepEqual(worstVerdict([says("free", { scale: 1 })], MOTION), { scale: 1 });
  assert.equal(worstVerdict([slowed("a", 0.5), slowed("b", 0.2), slowed("c", 0.2), says("d", { scale: 1 })], MOTION).sentence, "Slowed: b.");
});

for (const [what, guard, sentence] of [
  ["NaN", says("g", { scale: NaN }), 'Holding: the guard "g" said a scale of NaN.'],
  ["more than 1", says("g", { scale: 1.5 }), 'Holding: the guard "g" said a scale of 1.5.'],
  ["less than 0", says("g", { scale: -0.1, reason: "collision_near", sentence: "x" }), 'Holding: the guard "g" said a scale of -0.1.'],
  ["nothing", says("g", {}), 'Holding: the guard "g" said a scale of undefined.'],
  ["no reason", says("g", { scale: 0.5 }), 'Holding: the guard "g" gave no reason.'],
  ["no object", says("g", undefined), /^Holding: the guard "g" failed: .+\.$/],
  ["an error", { name: "g", assess: () => { throw new Error("no\nluck"); } }, 'Holding: the guard "g" failed: no luck.'],
] as const) {
  test(`a guard that answers with ${what} is a halt that names it`, () => {
    const verdict = worstVerdict([slowed("before", 0.5), guard, slowed("after", 0.1)], MOTION);
    assert.equal(verdict.scale, 0);
    assert.equal(verdict.reason, "internal_error");
    if (typeof sentence === "string") assert.equal(verdict.sentence, sentence);
    else assert.match(verdict.sentence!, sentence);
  });
}
