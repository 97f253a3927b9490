import assert from "node:assert/strict";
import { test } from "node:test";
import { ColouredNoise } from "../../src/planner/coloured-noise.js";
import { Random } from "../../src/planner/random.js";

/** Slope of log power over log frequency, from the mean periodogram of `count` sequences. */
function measuredSlope(length: number, exponent: number, count: number): number {
  const noise = new ColouredNoise(length, exponent);
  const random = new Random(3);
  const sequence = new Float64Array(length);
  const power = new Float64Array(length / 2);
  for (let i = 0; i < count; i++) {
    noise.fill(sequence, random);
    for (let k = 1; k < length / 2; k++) {
      let real = 0;
      let imaginary = 0;
      for (let t = 0; t < length; t++) {
        real += sequence[t]! * Math.cos((2 * Math.PI * k * t) / length);
        imaginary += sequence[t]! * Math.sin((2 * Math.PI * k * t) / length);
      }
      power[k]! += real * real + imaginary * imaginary;
    }
  }
  let sx = 0, sy = 0, sxx = 0, sxy = 0, n = 0;
  for (let k = 1; k < length / 2; k++, n++) {
    const x = Math.log(k / length);
    const y = Math.log(power[k]! / count);
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

for (const exponent of [0, 0.5, 1, 2, 3.5]) {
  test(`the spectrum falls as f^-${exponent}`, () => {
    assert.ok(Math.abs(measuredSlope(48, exponent, 800) + exponent) < 0.1);
  });
}

for (const length of [1, 2, 5, 6, 15]) {
  test(`every one of ${length} steps has unit variance`, () => {
    const noise = new ColouredNoise(length, 2);
    const random = new Random(5);
    const sequence = new Float64Array(length);
    const squares = new Float64Array(length);
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      noise.fill(sequence, random);
      for (let t = 0; t < length; t++) {
        squares[t]! += sequence[t]! ** 2;
      }
    }
    for (const sum of squares) {
      assert.ok(Math.abs(sum / count - 1) < 0.05, `variance ${sum / count}`);
    }
  });
}

test("senseless lengths and exponents are refused", () => {
  assert.throws(() => new ColouredNoise(0, 1), /length 0/);
  assert.throws(() => new ColouredNoise(5, -1), /exponent -1/);
  assert.throws(() => new ColouredNoise(5, NaN), /exponent NaN/);
});
