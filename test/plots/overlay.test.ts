import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeImage } from "../../src/camera/files.js";
import { drawOverlay } from "../../src/plots/overlay.js";
import { rankShares, shareColour } from "../../src/plots/value-colour.js";

const GREY = { width: 96, height: 96, data: new Uint8Array(96 * 96 * 3).fill(90) };

/** Red, green and blue of the enlarged picture at a pixel of the small one. */
function at(data: Uint8Array, width: number, scale: number, u: number, v: number): readonly number[] {
  const pixel = Math.round((v + 0.5) * scale) * width + Math.round((u + 0.5) * scale);
  return [...data.subarray(3 * pixel, 3 * pixel + 3)];
}

test("end points, plan and text are where they belong", async () => {
  const marks = {
    endPoints: { places: [20, 30, 70, 10, NaN, NaN], shares: [0, 1, 0.5] },
    plan: [50, 50, 60, 50, 60, 60],
    text: "Going for \"cup\": step 3 <of> 20.",
  };
  const { width, height, data } = await drawOverlay(GREY, marks, "rgb");
  assert.deepEqual([width, height, data.length], [480, 480, 480 * 480 * 3]);
  const seen = (u: number, v: number): readonly number[] => at(data, width, 5, u, v);
  const close = (colour: readonly number[], wanted: readonly number[]): void => {
    assert.ok(colour.every((channel, i) => Math.abs(channel - wanted[i]!) <= 12), `${colour.join()} for ${wanted.join()}`);
  };
  close(seen(20, 30), shareColour(0).map((channel) => 255 * channel));
  close(seen(70, 10), shareColour(1).map((channel) => 255 * channel));
  close(seen(55, 50), [255, 90, 31]);
  close(seen(50, 50), [255, 255, 255]);
  close(seen(5, 5), [90, 90, 90]);
  assert.ok(seen(90, 95)[0]! < 60, "a dark band below");
  const band = data.subarray(3 * 480 * 455);
  assert.ok(band.some((value) => value > 240), "with letters on it");
});

test("a picture without a plan has its text, and a large one stays as it is", async () => {
  const large = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3).fill(200) };
  const { width, height, data } = await drawOverlay(large, { text: "word ".repeat(400) }, "jpeg");
  assert.deepEqual([width, height], [640, 480]);
  const picture = await decodeImage(data, "overlay");
  assert.deepEqual([picture.width, picture.height], [640, 480]);
  assert.ok(Math.abs(picture.data[0]! - 200) < 6);
  await assert.rejects(drawOverlay({ ...large, data: new Uint8Array(5) }, { text: "" }, "rgb"));
});

test("energies are coloured by rank", () => {
  assert.deepEqual([...rankShares([3, 1, 1000, 2])], [2 / 3, 0, 1, 1 / 3]);
  assert.deepEqual([...rankShares([7])], [0]);
  assert.deepEqual([...rankShares([])], []);
  const luminance = (share: number): number => { const [r, g, b] = shareColour(share); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  for (let share = 0; share < 1; share += 0.1) assert.ok(luminance(share) > luminance(share + 0.1), "brighter is better, also in grey");
  assert.deepEqual(shareColour(NaN), shareColour(1));
});
