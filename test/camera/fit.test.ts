import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { fitToModel } from "../../src/camera/fit.js";

import type { RgbImage } from "../../src/camera/types.js";

function grey(width: number, height: number, value: (x: number, y: number) => number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.fill(value(x, y), (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return { width, height, data };
}

/** Red channel as rows. */
function rows(image: RgbImage): number[][] {
  return Array.from({ length: image.height }, (_, y) =>
    Array.from({ length: image.width }, (_, x) => image.data[(y * image.width + x) * 3]!));
}

test("a picture of the wanted size comes back as it is", () => {
  const image = grey(4, 3, (x, y) => x * 10 + y);
  assert.equal(fitToModel(image, 4, 3), image);
});

test("halving takes the mean of four pixels, rounded half up", () => {
  const image = grey(4, 2, (x, y) => [[0, 10, 255, 255], [20, 30, 255, 254]][y]![x]!);
  // A wanted aspect of 2:1 keeps everything.
  assert.deepEqual(rows(fitToModel(image, 2, 1)), [[15, 255]]);
  assert.deepEqual(rows(fitToModel(grey(2, 1, (x) => x), 1, 1)), [[0]], "a 2x1 picture is cut to its left pixel first");
  assert.deepEqual(rows(fitToModel(grey(2, 2, (x) => x), 1, 1)), [[1]], "0.5 becomes 1");
});

test("a ratio that is not whole weighs the pixels on the border by the part covered", () => {
  // 3 -> 2: the first output covers pixel 0 and half of pixel 1.
  const image = grey(3, 3, (x) => [0, 90, 240][x]!);
  assert.deepEqual(rows(fitToModel(image, 2, 2)), [[30, 190], [30, 190]]);
});

test("enlarging repeats and blends by area", () => {
  assert.deepEqual(rows(fitToModel(grey(2, 2, (x, y) => x * 100 + y * 50), 4, 4))[0], [0, 0, 100, 100]);
  assert.deepEqual(rows(fitToModel(grey(2, 2, (x) => x * 100), 3, 3))[0], [0, 50, 100]);
});

test("the crop is centred: wide pictures lose both sides, tall ones top and bottom", () => {
  assert.deepEqual(rows(fitToModel(grey(6, 2, (x) => x), 2, 2)), [[2, 3], [2, 3]]);
  assert.deepEqual(rows(fitToModel(grey(2, 6, (_x, y) => y), 2, 2)), [[2, 2], [3, 3]]);
  const cropped = fitToModel(grey(640, 480, (x) => (x < 80 || x >= 560 ? 255 : 7)), 64, 64);
  assert.ok(cropped.data.every((v) => v === 7));
});

test("channels stay apart", () => {
  const data = new Uint8Array(4 * 4 * 3);
  for (let i = 0; i < 16; i++) {
    data.set([10, 20, 30], i * 3);
  }
  assert.deepEqual([...fitToModel({ width: 4, height: 4, data }, 1, 1).data], [10, 20, 30]);
});

test("one colour stays that colour, the mean is kept, and values stay inside the source's range", () => {
  const size = fc.integer({ min: 1, max: 23 });
  fc.assert(fc.property(size, size, size, size, fc.integer({ min: 0, max: 255 }), (w, h, ow, oh, value) => {
    const out = fitToModel(grey(w, h, () => value), ow, oh);
    assert.equal(out.width, ow);
    assert.equal(out.height, oh);
    assert.ok(out.data.every((v) => v === value));
  }));
  fc.assert(fc.property(size, fc.integer({ min: 1, max: 23 }), fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (side, outSide, values) => {
    const image = grey(side, side, () => values.next().value as number);
    const out = fitToModel(image, outSide, outSide);
    const mean = (d: Uint8Array) => d.reduce((a, b) => a + b, 0) / d.length;
    assert.ok(Math.abs(mean(image.data) - mean(out.data)) <= 0.51, "only rounding may move the mean");
    assert.ok(Math.min(...out.data) >= Math.min(...image.data) && Math.max(...out.data) <= Math.max(...image.data));
  }));
});

test("bad sizes and data of the wrong length are refused with the numbers", () => {
  const image = grey(4, 4, () => 0);
  assert.throws(() => fitToModel(image, 0, 4), /wanted picture size 0x4/);
  assert.throws(() => fitToModel(image, 2.5, 4), /2\.5x4/);
  assert.throws(() => fitToModel({ ...image, data: new Uint8Array(7) }, 2, 2), /7 bytes, 4x4 RGB needs 48/);
});
