import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eigs } from "mathjs";
import { ConditionNumber } from "../../../src/safety/guards/condition-number.js";
import { uniform } from "../../uniform.js";

test("diagonal matrices, wide and tall", () => {
  assert.equal(new ConditionNumber(2, 2).of([4, 0, 0, 2]), 2);
  assert.equal(new ConditionNumber(2, 3).of([3, 0, 0, 0, 0, 12]), 4);
  assert.equal(new ConditionNumber(3, 2).of([3, 0, 0, 0, 0, 12]), 4);
  assert.equal(new ConditionNumber(2, 2).of([1, 1, 1, 1]), Infinity);
  assert.equal(new ConditionNumber(6, 7).of(new Float64Array(42)), Infinity);
  assert.ok(Number.isNaN(new ConditionNumber(2, 2).of([1, NaN, 0, 1])));
});

test("random matrices: as from mathjs's eigenvalues, in either shape", () => {
  fc.assert(fc.property(fc.constantFrom([6, 7], [6, 6], [6, 4], [3, 9]), fc.array(uniform(-1, 1), { minLength: 42, maxLength: 42 }), (shape, entries) => {
    const [rows, columns] = shape as [number, number];
    const matrix = Array.from({ length: rows }, (_, i) => entries.slice(i * columns, (i + 1) * columns).concat(Array.from({ length: Math.max(0, (i + 1) * columns - 42) }, () => 0.3)).slice(0, columns));
    const small = rows <= columns ? matrix : matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
    const gram = small.map((a) => small.map((b) => a.reduce((sum, x, k) => sum + x * b[k]!, 0)));
    const values = (eigs(gram).values as number[]).map(Number).sort((a, b) => a - b);
    const wanted = Math.sqrt(values.at(-1)! / Math.max(values[0]!, 1e-300));
    const found = new ConditionNumber(rows, columns).of(matrix.flat());
    if (wanted < 1e5) assert.ok(Math.abs(found - wanted) <= 1e-4 * wanted, `${found}, not ${wanted}`);
    else assert.ok(found > 9e4);
  }), { numRuns: 200 });
});
