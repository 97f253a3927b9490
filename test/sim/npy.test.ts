import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { writeNpy } from "../../sim/npy.js";
import { readNpy } from "./read-npy.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-npy-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });
const file = join(folder, "array.npy");

test("what is written is read back: kind, shape and every element", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(shapes, fc.constantFrom("u1" as const, "f4" as const), fc.infiniteStream(fc.float()), (shape, kind, values) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const numbers = [...values.take(count)];
    const data = kind === "u1" ? Uint8Array.from(numbers) : Float32Array.from(numbers);
    writeNpy(file, kind, shape, data);
    assert.deepEqual(readNpy(file), { dtype: kind === "u1" ? "|u1" : "<f4", shape, data });
  }), { numRuns: 60 });
});

test("a part of a larger buffer is written, not the buffer", () => {
  const all = Float32Array.from([1, 2, 3, 4, 5, 6]);
  writeNpy(file, "f4", [2, 1], all.subarray(2, 4));
  assert.deepEqual(readNpy(file).data, Float32Array.from([3, 4]));
  assert.equal(readFileSync(file).length % 64, 8);
});

test("data that does not fill the shape is refused", () => {
  assert.throws(() => writeNpy(file, "f4", [2, 3], new Float32Array(5)), /^Error: npy: 5 elements do not fill the shape 2x3$/);
});
