import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { selectElites } from "../../src/planner/elites.js";

test("the elites are the first of a stable sort without what is not finite", () => {
  const energy = fc.oneof(fc.double({ min: -5, max: 5 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom(NaN, Infinity, -Infinity));
  fc.assert(fc.property(fc.array(energy, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (values, wanted) => {
    const out = new Int32Array(wanted);
    const found = selectElites(Float64Array.from(values), values.length, out);
    const expected = values.map((_, i) => i).filter((i) => Number.isFinite(values[i])).sort((i, j) => values[i]! - values[j]! || i - j);
    assert.deepEqual(Array.from(out.subarray(0, found)), expected.slice(0, wanted));
  }));
});
