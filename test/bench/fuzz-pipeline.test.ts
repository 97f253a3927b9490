import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzPipeline } from "../../bench/fuzz-pipeline.js";
import { JOINTS } from "../safety/joints.js";

const margin = ({ name }: { readonly name: string }): number => (name.includes("finger") ? 0 : 0.1);

test("thousands of random commands, states, looks and stops: nothing beyond a limit, nothing that is no number", () => {
  const result = fuzzPipeline(JOINTS, margin, 4000, 7);
  assert.deepEqual(result.violations, []);
  assert.equal(result.commands, 4000);
  assert.ok(result.holds > 300 && result.looks > 700 && result.samples > 20_000, JSON.stringify(result));
  // It tries the limits, or it would say nothing.
  assert.ok(result.largest.velocity > 0.5 && result.largest.acceleration > 0.95 && result.largest.jerk > 0.1, JSON.stringify(result.largest));
});

test("it would see a joint that breaks its limits", () => {
  const tighter = JOINTS.map((joint) => ({ ...joint }));
  // The pipeline reads the limits when it is made; what is checked against changes afterwards.
  const guard = { name: "spoiler", assess: () => { tighter[0]!.maxAcceleration = 0.5; return { scale: 1 }; } };
  assert.notDeepEqual(fuzzPipeline(tighter, margin, 200, 3, { guards: [guard] }).violations, []);
});
