import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import sharp from "sharp";

import { readImageFile, writePngFile } from "../../src/camera/files.js";

let dir = "";
before(async () => { dir = await mkdtemp(join(tmpdir(), "jepa-mpc-camera-")); });
after(() => rm(dir, { recursive: true, force: true }));

const PICTURE = { width: 3, height: 2, data: new Uint8Array(Array.from({ length: 18 }, (_, i) => i * 14)) };

/** The error's one line. */
async function refusal(file: string): Promise<string> {
  const error = await readImageFile(file).then(() => undefined, (e: unknown) => e);
  assert.ok(error instanceof Error, "it was read");
  assert.ok(!error.message.includes("\n"), `more than one line: ${error.message}`);
  assert.ok(error.message.includes(file), `does not name the file: ${error.message}`);
  return error.message;
}

test("a PNG comes back bit for bit, and nothing else is left in the folder", async () => {
  const file = join(dir, "a", "x.png");
  await assert.rejects(writePngFile(file, PICTURE), /cannot write .*x\.png: its folder does not exist/);
  const there = join(dir, "x.png");
  await writePngFile(there, PICTURE);
  assert.deepEqual(await readImageFile(there), PICTURE);
  assert.deepEqual((await readdir(dir)).filter((name) => name.includes("tmp")), []);
});

test("JPEG, grey, alpha, 16 bit and EXIF orientation all become 8-bit RGB", async () => {
  const jpeg = join(dir, "x.jpg");
  await sharp({ create: { width: 8, height: 4, channels: 3, background: "#204060" } }).withMetadata({ orientation: 6 }).jpeg().toFile(jpeg);
  const turned = await readImageFile(jpeg);
  assert.deepEqual([turned.width, turned.height, turned.data.length], [4, 8, 96]);
  assert.ok(Math.abs(turned.data[2]! - 0x60) < 4);

  const greyFile = join(dir, "grey.png");
  await sharp(new Uint8Array([1, 2, 3, 200]), { raw: { width: 2, height: 2, channels: 1 } }).toColourspace("b-w").png().toFile(greyFile);
  assert.deepEqual([...(await readImageFile(greyFile)).data], [1, 1, 1, 2, 2, 2, 3, 3, 3, 200, 200, 200]);

  const alpha = join(dir, "alpha.png");
  await sharp(new Uint8Array([200, 100, 50, 255, 9, 9, 9, 0]), { raw: { width: 2, height: 1, channels: 4 } }).png().toFile(alpha);
  assert.deepEqual([...(await readImageFile(alpha)).data], [200, 100, 50, 0, 0, 0]);

  const deep = join(dir, "deep.png");
  const sixteen = new Uint16Array([65535, 0, 257, 32896, 514, 25700]);
  await sharp(sixteen, { raw: { width: 2, height: 1, channels: 3 } }).toColourspace("rgb16").png().toFile(deep);
  assert.deepEqual([...(await readImageFile(deep)).data], [255, 0, 1, 128, 2, 100]);
});

test("what is not a picture is refused", async () => {
  assert.match(await refusal(join(dir, "none.png")), /no such file/);
  assert.match(await refusal(dir), /is not a file/);
  const text = join(dir, "text.png");
  await writeFile(text, "hello");
  assert.match(await refusal(text), /not a PNG or JPEG/);
  const empty = join(dir, "empty.png");
  await writeFile(empty, "");
  assert.match(await refusal(empty), /is empty/);
  const svg = join(dir, "vector.png");
  await writeFile(svg, "<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>");
  assert.match(await refusal(svg), /not a PNG or JPEG/);
});

test("cut and damaged pictures are refused", async () => {
  const noise = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).map((_, i) => (i * 7919) % 251) };
  const png = join(dir, "cut.png");
  await writePngFile(png, noise);
  await truncate(png, 200);
  assert.match(await refusal(png), /damaged PNG/);
  const jpeg = join(dir, "cut.jpg");
  const whole = await sharp(noise.data, { raw: { width: 64, height: 64, channels: 3 } }).jpeg().toBuffer();
  await writeFile(jpeg, whole.subarray(0, whole.length >> 1));
  assert.match(await refusal(jpeg), /damaged JPEG/);
});

test("a small file with very many pixels is refused before it is unpacked", async () => {
  const bomb = join(dir, "bomb.png");
  await sharp({ create: { width: 7000, height: 7000, channels: 3, background: "#000" }, limitInputPixels: false })
    .png({ compressionLevel: 9 }).toFile(bomb);
  assert.match(await refusal(bomb), /7000x7000/);
});

test("a file of too many bytes is refused before it is read", async () => {
  const large = join(dir, "large.png");
  await writeFile(large, "");
  await truncate(large, 70 * 1024 * 1024);
  assert.match(await refusal(large), /pictures up to 67108864 bytes/);
});
