import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/planner/random.js";

test("a seed gives the same sequence again, another seed another one", () => {
  const one = new Random(7);
  const first = Array.from({ length: 9 }, () => one.gaussian());
  one.reset(7);
  assert.deepEqual(Array.from({ length: 9 }, () => one.gaussian()), first);
  const other = new Random(8);
  assert.notDeepEqual(Array.from({ length: 9 }, () => other.gaussian()), first);
  const far = new Random(7 + 2 ** 32);
  assert.notDeepEqual(Array.from({ length: 9 }, () => far.gaussian()), first);
});

test("gaussian has the moments of the standard normal", () => {
  const random = new Random(1);
  const count = 200_000;
  let sum = 0;
  let squares = 0;
  let fourth = 0;
  for (let i = 0; i < count; i++) {
    const x = random.gaussian();
    sum += x;
    squares += x * x;
    fourth += x ** 4;
  }
  assert.ok(Math.abs(sum / count) < 0.01);
  assert.ok(Math.abs(squares / count - 1) < 0.02);
  assert.ok(Math.abs(fourth / count - 3) < 0.1);
});

test("a seed that is no whole number is refused with its value", () => {
  assert.throws(() => new Random(1.5), /seed 1\.5/);
});
