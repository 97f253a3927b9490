import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Resvg } from "@resvg/resvg-js";

import { readImageFile } from "../../src/camera/files.js";
import { writeEnergyPlot, writeHistogram, writeLineChart, writeScatter } from "../../src/plots/chart.js";
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
