import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FR3_READY, FR3_WORKSPACE } from "../../../src/robot/fr3.js";
import { WorkspaceGuard } from "../../../src/safety/guards/workspace-guard.js";
import { uniform } from "../../uniform.js";
import { arm, armAt, ask, motion, toolMotion } from "./arm.js";

const guard = new WorkspaceGuard(arm, FR3_WORKSPACE);
const edge = armAt([0.64, 0, 0.2]);

test("free inside, slower in the tolerance, a halt beyond it", () => {
  assert.equal(ask(guard, toolMotion(edge, [0.009, 0, 0])).scale, 1);
  const inTolerance = ask(guard, toolMotion(edge, [0.015, 0, 0]));
  assert.ok(Math.abs(inTolerance.scale - 0.5) < 0.06, `${inTolerance.scale}`);
  const beyond = ask(guard, toolMotion(edge, [0.03, 0, 0]));
  assert.equal(beyond.scale, 0);
  assert.equal(beyond.reason, "workspace_left");
  assert.equal(beyond.sentence, "Holding: the tool would come to rest 2.0 cm outside the workspace (tolerance 1.0 cm).");
});

test("an arm that was put outside may come back, slowly, but not go farther", () => {
  // The ready pose is 4 cm short of the box and 17 cm above it.
  assert.equal(ask(guard, toolMotion(FR3_READY, [0.02, 0, -0.02])).scale, 0.25);
  assert.equal(ask(guard, toolMotion(FR3_READY, [1e-6, 0, -1e-6])).scale, 0.25);
  assert.equal(ask(guard, toolMotion(FR3_READY, [-0.02, 0, 0.02])).scale, 0);
  assert.equal(ask(guard, toolMotion(FR3_READY, [-1e-6, 0, 1e-6])).scale, 0);
  const back = ask(guard, motion(FR3_READY, armAt([0.5, 0, 0.2])));
  assert.equal(back.scale, 0.25);
  assert.match(back.sentence!, /^Slowed: the tool is 17\.\d cm outside the workspace, on its way back in\.$/);
  // The gripper can let go meanwhile.
  assert.equal(ask(guard, motion(FR3_READY, [...FR3_READY.slice(0, 7), 0.02])).scale, 0.25);
});

test("the farther outside it would end, the less is allowed", () => {
  fc.assert(fc.property(uniform(0, 0.04), uniform(0, 0.04), (a, b) => {
    const [less, more] = [Math.min(a, b), Math.max(a, b)].map((x) => ask(guard, toolMotion(edge, [x, 0, 0])).scale) as [number, number];
    assert.ok(more <= less + 1e-9);
  }), { numRuns: 50 });
});
