import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../sim/random.js";

test("numbers are in their range, with the moments they should have", () => {
  const random = new Random(1);
  const uniform = Array.from({ length: 20_000 }, () => random.uniform(-1, 3));
  const normal = Array.from({ length: 20_000 }, () => random.normal(2));
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  assert.ok(uniform.every((value) => value >= -1 && value < 3));
  assert.ok(Math.abs(mean(uniform) - 1) < 0.04);
  assert.ok(Math.abs(mean(normal)) < 0.06);
  assert.ok(Math.abs(Math.sqrt(mean(normal.map((value) => value * value))) - 2) < 0.05);
  const counts = [0, 0, 0];
  for (let i = 0; i < 3000; i++) counts[random.below(3)]!++;
  assert.ok(counts.every((count) => count > 850 && count < 1150), counts.join(" "));
});

test("the same seed is the same stream; first numbers of neighbouring seeds have nothing to do with each other", () => {
  const [one, other] = [new Random(7), new Random(7)];
  for (let i = 0; i < 100; i++) assert.equal(one.uniform(), other.uniform());
  const firsts = Array.from({ length: 2000 }, (_, seed) => new Random(seed).uniform() - 0.5);
  let covariance = 0;
  for (let i = 1; i < firsts.length; i++) covariance += (firsts[i]! * firsts[i - 1]!) / firsts.length;
  assert.ok(Math.abs(covariance * 12) < 0.08, `${covariance * 12}`);
});
