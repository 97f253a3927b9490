import assert from "node:assert/strict";
import { test } from "node:test";
import { createPlanner, PLANNER_KINDS, withBundleSearch, type SearchedBundle } from "../../src/control/planner-config.js";
import { Cem, Icem, Mppi } from "../../src/planner/index.js";
import { tinySearch } from "../world-model/fixtures.js";

const bundle: SearchedBundle = { horizon: 4, action: { names: ["dx", "dy", "dz", "gripper"] }, planning: { ...tinySearch, proposals: 0.2 } };

test("a bundle's search is taken where nothing else is said, its proposals too", () => {
  const own = {
    candidates: 32, iterations: 3, elites: 6, initialStd: 0.5, objective: { kind: "weights", weights: [0.125, 0.125, 0.125, 1.125] }, proposals: 0.2, switchedDims: [3],
  };
  assert.deepEqual(withBundleSearch({ kind: "cem" }, bundle), { kind: "cem", options: own });
  assert.deepEqual(withBundleSearch({ kind: "icem" }, bundle), { kind: "icem", options: { ...own, noiseExponent: 2 } });
  assert.deepEqual(withBundleSearch({ kind: "mppi", options: { temperature: 0.5 } }, bundle), { kind: "mppi", options: { ...own, noiseExponent: 2, temperature: 0.5 } });
  const refining = { ...bundle, planning: { ...bundle.planning!, refinement: 8 } };
  assert.deepEqual(withBundleSearch({ kind: "icem" }, refining).options?.refinement, { iterations: 8 });
  assert.deepEqual(withBundleSearch({ kind: "mppi", options: { refinement: { iterations: 0 } } }, refining).options?.refinement, { iterations: 0 });
  assert.equal(withBundleSearch({ kind: "cem" }, refining).options?.refinement, undefined);
  const given = withBundleSearch({ kind: "icem", options: { candidates: 64, proposals: 0 } }, bundle);
  assert.deepEqual(given.options, { ...own, noiseExponent: 2, candidates: 64, proposals: 0 });
});

test("a bundle that says nothing of proposals or of the least width leaves them to the planner; one that says nothing of its search changes nothing", () => {
  const silent = withBundleSearch({ kind: "icem" }, { ...bundle, planning: tinySearch }).options!;
  assert.ok(!("proposals" in silent) && !("minStd" in silent));
  assert.equal(withBundleSearch({ kind: "icem" }, { ...bundle, planning: { ...tinySearch, min_std: 0.05 } }).options?.minStd, 0.05);
  assert.deepEqual(withBundleSearch({ kind: "cem", options: { seed: 3 } }, { horizon: 4, action: bundle.action }), { kind: "cem", options: { seed: 3 } });
});

test("a share that is none is refused when the planner is made", () => {
  for (const kind of PLANNER_KINDS) {
    assert.throws(() => createPlanner({ kind, options: { proposals: 0.6 } }), /RangeError: proposals is 0\.6: must be in \[0, 0\.5\]/);
  }
});

test("each kind is what its name says", () => {
  assert.ok(createPlanner({ kind: "cem" }) instanceof Cem);
  assert.ok(createPlanner({ kind: "icem" }) instanceof Icem);
  assert.ok(createPlanner({ kind: "mppi", options: { temperature: 0.5, width: "kept" } }) instanceof Mppi);
  assert.throws(() => createPlanner({ kind: "mppi", options: { temperature: 0 } }), /temperature is 0: must be above 0/);
  assert.throws(() => createPlanner({ kind: "icem", options: { refinement: { iterations: -1 } } }), /refinement\.iterations is -1/);
  assert.throws(() => createPlanner({ kind: "icem", options: { refinement: { iterations: 1, candidates: 3 } } }), /refinement\.candidates is 3/);
  assert.throws(() => createPlanner({ kind: "icem", options: { agreement: 1 } }), /agreement is 1: must be in \[0, 1\)/);
});
