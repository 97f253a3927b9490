import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Resvg } from "@resvg/resvg-js";

import { readImageFile } from "../../src/camera/files.js";
import { writeEnergyPlot, writeHeatMap, writeHistogram, writeLandscapePlot, writeLineChart, writeScatter } from "../../src/plots/chart.js";
import { contour } from "../../src/plots/contour.js";
import { FONT_FAMILY, FONT_FILES, textWidth } from "../../src/plots/font.js";
import { writeStrip } from "../../src/plots/strip.js";

import type { RgbImage } from "../../src/camera/types.js";

let dir = "";
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-plots-")); });
after(() => rm(dir, { recursive: true, force: true }));

/** How many pixels of a region are about this colour. */
function count(image: RgbImage, [red, green, blue]: readonly [number, number, number], rows: readonly [number, number] = [0, image.height]): number {
  let found = 0;
  for (let i = rows[0] * image.width; i < rows[1] * image.width; i++) {
    const d = Math.abs(image.data[i * 3]! - red) + Math.abs(image.data[i * 3 + 1]! - green) + Math.abs(image.data[i * 3 + 2]! - blue);
    found += d < 24 ? 1 : 0;
  }
  return found;
}

const BLUE = [0, 0x72, 0xb2] as const;
const ORANGE = [0xd5, 0x5e, 0] as const;
const INK = [0x2b, 0x2b, 0x2b] as const;

test("text widths are those of the font that is drawn", () => {
  for (const text of ["energy of the plan", "WAVE iiii", "0.0123 → é"]) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="50"><text x="10" y="30" font-family="${FONT_FAMILY}" font-size="20">${text}</text></svg>`;
    const drawn = new Resvg(svg, { font: { loadSystemFonts: false, fontFiles: [...FONT_FILES] } }).innerBBox();
    // The box holds the ink, the advance also the space beside the letters, so they may differ by a few pixels.
    assert.ok(Math.abs((drawn?.width ?? 0) - textWidth(text, 20)) < 6, `${text}: ${drawn?.width} drawn, ${textWidth(text, 20)} measured`);
  }
});

test("a line chart shows its title, its lines and its legend without any system font", async () => {
  const file = join(dir, "lines.png");
  await writeLineChart(file, {
    title: "Energy", xTitle: "step", yTitle: "energy", yLog: true,
    series: [
      { name: "one", points: [[0, 1], [1, 0.1], [2, Number.NaN], [3, 0.01], [4, 0]] },
      { name: "two", points: [[0, 2], [4, 0.5]], band: [[0, 1, 3], [4, 0.2, 1]] },
    ],
    rules: [{ axis: "y", value: 0.05, label: "reached" }],
  });
  const image = await readImageFile(file);
  assert.ok(image.width > 1100 && image.width < 1500 && image.height > 600, `${image.width}x${image.height}`);
  assert.ok(count(image, BLUE) > 500 && count(image, ORANGE) > 500, "both lines are drawn");
  assert.ok(count(image, INK, [20, 70]) > 200, "the title is drawn");
});

test("charts with nothing, one value or equal values are drawn too", async () => {
  const base = { title: "t", xTitle: "x", yTitle: "y" };
  for (const [name, points] of Object.entries({ none: [], nan: [[Number.NaN, 1]], one: [[3, 3]], equal: [[0, 5], [1, 5]] } as Record<string, [number, number][]>)) {
    for (const log of [false, true]) {
      const file = join(dir, `${name}-${log}.png`);
      await writeLineChart(file, { ...base, yLog: log, series: [{ name: "a", points }] });
      await writeScatter(file, { ...base, xLog: log, series: [{ name: "a", points }] });
      await writeHistogram(file, { title: "t", xTitle: "x", series: [{ name: "a", values: points.map(([x]) => x) }] });
      assert.ok((await readImageFile(file)).width > 500);
    }
  }
});

const VIRIDIS_LOW = [0x44, 0x01, 0x54] as const;
const VIRIDIS_HIGH = [0xfd, 0xe7, 0x25] as const;

/** The mean row and column of pixels of about this colour, in shares of the picture. */
function centreOf(image: RgbImage, [red, green, blue]: readonly [number, number, number], rightmost = 1): { x: number; y: number } {
  let [x, y, found] = [0, 0, 0];
  for (let row = 0; row < image.height; row++) {
    for (let column = 0; column < rightmost * image.width; column++) {
      const i = (row * image.width + column) * 3;
      if (Math.abs(image.data[i]! - red) + Math.abs(image.data[i + 1]! - green) + Math.abs(image.data[i + 2]! - blue) < 24) {
        [x, y, found] = [x + column, y + row, found + 1];
      }
    }
  }
  assert.ok(found > 0, "the colour is there");
  return { x: x / found / image.width, y: y / found / image.height };
}

test("a heat map has its lowest value dark at its place, x to the right and y upwards, and keeps holes", async () => {
  const file = join(dir, "heat.png");
  const values = Array.from({ length: 11 * 21 }, (_, i) => 3 + Math.hypot(i % 11 - 2, Math.floor(i / 11) - 17));
  const map = {
    title: "Bowl", xTitle: "x", yTitle: "y", valueTitle: "value", values,
    x: { low: 0, high: 10, count: 11 }, y: { low: 0, high: 20, count: 21 },
    markers: [{ name: "here", at: [8, 17] as const }, { name: "there", at: [8, 3] as const }],
  };
  await writeHeatMap(file, map);
  const image = await readImageFile(file);
  // The colour bar, at the right, has all colours.
  const [low, high] = [centreOf(image, VIRIDIS_LOW, 0.85), centreOf(image, VIRIDIS_HIGH, 0.85)];
  assert.ok(low.x < 0.4 && low.y < 0.5, `lowest at ${JSON.stringify(low)}: left and up`);
  assert.ok(high.x > 0.6 && high.y > 0.7, `highest at ${JSON.stringify(high)}: right and down`);
  // The bar goes from the lowest value to the highest, not from 0: as much is dark as is light.
  const bar = count(image, VIRIDIS_LOW) - count(image, VIRIDIS_HIGH);
  assert.ok(Math.abs(bar) < 8000, `${bar}`);

  await writeHeatMap(file, { ...map, values: values.map((value, i) => (i % 11 < 5 ? Number.NaN : value)) });
  const holes = await readImageFile(file);
  assert.ok(count(holes, [255, 255, 255]) > count(image, [255, 255, 255]) + 200_000, "holes are white");

  for (const flat of [values.map(() => 4), values.map(() => Number.NaN)]) {
    await writeHeatMap(file, { ...map, values: flat });
    assert.ok((await readImageFile(file)).width > 800);
  }
  await assert.rejects(writeHeatMap(file, { ...map, values: [1] }), /1 values for 11 x 21 cells/);
  await assert.rejects(writeHeatMap(file, { ...map, x: { low: 0, high: 1, count: 1 } }), /the x axis has 1 values/);
});

test("a landscape of actions is drawn with one marker or three", async () => {
  const values = [-0.04, 0, 0.04];
  for (const n of [1, 3]) {
    const file = join(dir, `landscape-${n}.png`);
    await writeLandscapePlot(file, {
      title: "Energy", x: { name: "dx", unit: "m", values }, y: { name: "gripper", unit: "1", values: [0, 0.5, 1] },
      energies: [9, 8, 7, 6, 5, 4, 3, 2, 1], markers: Array.from({ length: n }, (_, i) => ({ name: `m${i}`, x: 0, y: i / 2 })),
    });
    assert.ok(count(await readImageFile(file), [255, 255, 255]) > 0);
  }
});

test("contours: a line where a plane crosses, a closed circle round a bowl, both parts of a saddle, none at a hole", () => {
  // x + y = 1.5 over the square of 3 by 3 points.
  for (const [x1, y1, x2, y2] of contour([0, 1, 2, 1, 2, 3, 2, 3, 4], 3, 1.5)) {
    assert.ok(Math.abs(x1 + y1 - 1.5) < 1e-12 && Math.abs(x2 + y2 - 1.5) < 1e-12);
  }
  const bowl = Array.from({ length: 441 }, (_, i) => Math.hypot(i % 21 - 10, Math.floor(i / 21) - 10));
  const circle = contour(bowl, 21, 6);
  const length = circle.reduce((sum, [x1, y1, x2, y2]) => sum + Math.hypot(x2 - x1, y2 - y1), 0);
  assert.ok(Math.abs(length - 2 * Math.PI * 6) < 0.3, `${length}`);
  const ends = new Map<string, number>();
  for (const [x1, y1, x2, y2] of circle) {
    for (const end of [`${x1.toFixed(6)},${y1.toFixed(6)}`, `${x2.toFixed(6)},${y2.toFixed(6)}`]) {
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
  }
  assert.ok([...ends.values()].every((times) => times % 2 === 0), "every end is another's beginning");
  // Corners 0 and 2 high: with a low middle each is cut off by itself, with a high one the low corners are.
  const cutOff = (level: number): string => contour([1, 0, 0, 1], 2, level).map(([x1, y1, x2, y2]) => `${Math.round((x1 + x2) / 2)}${Math.round((y1 + y2) / 2)}`).sort().join(" ");
  assert.equal(cutOff(0.7), "00 11");
  assert.equal(cutOff(0.3), "01 10");
  assert.deepEqual(contour([1, 0, Number.NaN, 1], 2, 0.5), []);
  assert.deepEqual(contour([1, 1, 1, 1], 2, 1), []);
});

test("a long title is broken and does not widen the picture", async () => {
  const file = join(dir, "long.png");
  await writeEnergyPlot(file, { title: "energy ".repeat(40), startEnergy: 1, stepEnergies: new Float32Array([0.5, 0.2]), reachedBelow: 0.1, periodS: 0.2 });
  const image = await readImageFile(file);
  assert.ok(image.width < 1500, `${image.width}`);
});

test("a strip keeps pictures, captions and markup-like text", async () => {
  const file = join(dir, "strip.png");
  const blue = { width: 16, height: 16, data: new Uint8Array(768).map((_, i) => BLUE[i % 3]!) };
  await writeStrip(file, [{ image: blue, caption: "a < b & \"c\"\u0007" }, { image: blue, caption: "" }, { image: blue, caption: "third" }],
    { scale: 4, columns: 2, title: "Pictures", resize: "nearest" });
  const image = await readImageFile(file);
  assert.ok(Math.abs(count(image, BLUE) - 3 * 64 * 64) < 100, "three squares of 64 by 64");
  assert.ok(count(image, INK) > 100, "captions are drawn");
  await assert.rejects(writeStrip(file, []), /at least one picture/);
  await assert.rejects(writeStrip(file, [{ image: blue, caption: "" }], { scale: 0 }), /scale 0/);
  assert.deepEqual((await readdir(dir)).filter((name) => name.startsWith(".")), [], "nothing half written stays");
});
