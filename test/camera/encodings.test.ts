import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeRawImage } from "../../src/camera/encodings.js";

const RED_BLUE = [250, 1, 2, 3, 4, 240];

for (const [encoding, pixels] of [
  ["rgb8", [250, 1, 2, 3, 4, 240]],
  ["bgr8", [2, 1, 250, 240, 4, 3]],
  ["rgba8", [250, 1, 2, 99, 3, 4, 240, 99]],
  ["bgra8", [2, 1, 250, 99, 240, 4, 3, 99]],
] as const) {
  test(`${encoding} with padded rows`, () => {
    const step = pixels.length + 5;
    const data = new Uint8Array(step * 2).fill(77);
    data.set(pixels, 0);
    data.set(pixels, step);
    const image = decodeRawImage({ width: 2, height: 2, encoding, step, data });
    assert.deepEqual([...image.data], [...RED_BLUE, ...RED_BLUE]);
    // Padding behind the last row may be missing.
    const short = decodeRawImage({ width: 2, height: 2, encoding, step, data: data.subarray(0, step + pixels.length) });
    assert.deepEqual(short.data, image.data);
  });
}

test("mono8 is repeated", () => {
  const image = decodeRawImage({ width: 2, height: 1, encoding: "mono8", step: 2, data: new Uint8Array([5, 9]) });
  assert.deepEqual([...image.data], [5, 5, 5, 9, 9, 9]);
});

test("the picture does not share the message's memory", () => {
  const data = new Uint8Array([1, 2, 3]);
  const image = decodeRawImage({ width: 1, height: 1, encoding: "rgb8", step: 3, data });
  data.fill(0);
  assert.deepEqual([...image.data], [1, 2, 3]);
});

test("what does not fit is refused in one line that names it", () => {
  const good = { width: 2, height: 2, encoding: "rgb8", step: 6, data: new Uint8Array(12) };
  const message = (raw: typeof good): string => {
    try {
      decodeRawImage(raw);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.match(message({ ...good, encoding: "yuv422" }), /^image encoding "yuv422" is not supported; supported: rgb8, bgr8/);
  const evil = message({ ...good, encoding: `a\nb${"x".repeat(500)}` });
  assert.ok(!evil.includes("\n") && evil.length < 200);
  assert.match(message({ ...good, step: 5 }), /step 5 .*6 bytes/);
  assert.match(message({ ...good, data: new Uint8Array(11) }), /11 bytes.*needs 12/);
  assert.match(message({ ...good, width: 0 }), /0x2/);
});
