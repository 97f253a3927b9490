import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FR3_READY, FR3_WORKSPACE } from "../../../src/robot/fr3.js";
import { SingularityGuard } from "../../../src/safety/guards/singularity-guard.js";
import { uniform } from "../../uniform.js";
import { anywhere, arm, armAt, ask, motion } from "./arm.js";

const guard = new SingularityGuard(arm);

/** An arm stretched out but for its elbow, rad; shoulder, elbow and wrist are in line at -0.467, as links 3 and 4 are cranked by 8 cm. */
const stretched = (elbow: number): number[] => [0, -0.3, 0, elbow, 0, 1.8, 0.78, 0.02];

test("stretching the elbow: free, then slower, then a halt; condition 17 and 30 in between", () => {
  const scales = [-1.5, -0.95, -0.9, -0.85].map((elbow) => ask(guard, motion(stretched(elbow), stretched(elbow + 0.01))).scale);
  assert.equal(scales[0], 1);
  assert.ok(scales[1]! > scales[2]! && scales[2]! > scales[3]! && scales[3]! > 0, scales.join(" "));
  const halt = ask(guard, motion(stretched(-0.75), stretched(-0.7)));
  assert.equal(halt.scale, 0);
  assert.equal(halt.reason, "singularity");
  assert.match(halt.sentence!, /^Holding: the arm is near a singularity, condition number \d+\.\d \(slower from 17, halt at 30\)\.$/);
});

test("bending the elbow again is allowed from anywhere, and faster the farther away", () => {
  const back = [-0.5, -0.7, -0.85, -0.95, -1.5].map((elbow) => ask(guard, motion(stretched(elbow), stretched(elbow - 0.001))).scale);
  for (const [i, scale] of back.entries()) assert.ok(scale >= 0.25 && scale >= (back[i - 1] ?? 0), back.join(" "));
  assert.equal(back.at(-1), 1);
});

test("a turn of the wrist about its own axis, or of the gripper, is no way to a singularity", () => {
  const q = stretched(-0.75);
  for (const j of [0, 6, 7]) {
    const rest = [...q];
    rest[j]! += 0.01;
    assert.ok(ask(guard, motion(q, rest)).scale >= 0.25, `joint ${j + 1}`);
  }
});

test("nowhere in the demo's workspace does it slow the arm down", () => {
  const place = fc.tuple(...[0, 1, 2].map((axis) => uniform(FR3_WORKSPACE.low[axis]!, FR3_WORKSPACE.high[axis]!)));
  fc.assert(fc.property(place, place, (from, to) => {
    assert.equal(ask(guard, motion(armAt(from), armAt(to))).scale, 1);
  }), { numRuns: 40 });
});

test("toward a singularity is never more allowed than away from it, and less the nearer it ends", () => {
  let compared = 0;
  fc.assert(fc.property(anywhere, fc.array(uniform(-0.05, 0.05), { minLength: 8, maxLength: 8 }), (q, step) => {
    const rest = q.map((p, j) => p + step[j]!);
    const [now, then] = [guard.conditionAt(q), guard.conditionAt(rest)];
    const [there, back] = [ask(guard, motion(q, rest)).scale, ask(guard, motion(rest, q)).scale];
    if (then > now) assert.ok(there <= back);
    else assert.ok(back <= there);
    if (Math.max(now, then) > 17) compared++;
    else assert.equal(Math.min(there, back), 1);
  }), { numRuns: 200 });
  assert.ok(compared > 20);
  assert.equal(guard.conditionAt(FR3_READY) < 6, true);
});
