import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { makeDataSet } from "../../sim/data-set.js";
import type { RgbImage } from "../../src/camera/types.js";
import type { RememberOptions } from "../../src/experience/remembered.js";
import { rememberShards } from "../../src/experience/shards.js";
import { readNpy } from "../sim/read-npy.js";

const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-experience-"));
after(() => rm(folder, { recursive: true, force: true }));
const COLLECT_WORKER = fileURLToPath(new URL("../../sim/collect-worker.js", import.meta.url));
const data = join(folder, "data");
const STEPS = 2;
await makeDataSet(
  { out: data, episodes: 26, steps: STEPS, seed: 50, rooms: "plain", scene: "clearing", imageSize: 64, workers: 2 },
  () => new Worker(COLLECT_WORKER, { workerData: { robot: "fr3", scene: "clearing" } }),
);

/** Of a picture's first bytes, so that a latent says which picture it is of. */
let encoded = 0;
const encode = (image: RgbImage): Promise<Float32Array> => {
  encoded++;
  return Promise.resolve(Float32Array.from(image.data.subarray(6000, 6004)));
};
const options = (more: Partial<RememberOptions> = {}): RememberOptions => ({ encode, encoderSha256: "one", latentDim: 4, stateDim: 7, actionDim: 4, cacheDir: join(folder, "cache"), ...more });

test("a data set is remembered as it is on disk", async () => {
  const { experience, picture } = await rememberShards(data, options({ episodes: 30 }));
  assert.equal(experience.stretches.length, 30);
  assert.equal(encoded, 2 * 25 * (STEPS + 1));
  const [images, states, actions] = ["images", "states", "actions"].map((name) => readNpy(join(data, "shard-00001", `${name}.npy`)));
  const last = experience.stretches[29]!;
  assert.equal(last.id, "shard-00001/4");
  assert.deepEqual(last.states, states!.data.slice(4 * (STEPS + 1) * 7, 5 * (STEPS + 1) * 7));
  assert.deepEqual(last.actions, actions!.data.slice(4 * STEPS * 4, 5 * STEPS * 4));
  const pixels = 3 * 64 * 64;
  const image = images!.data.slice((4 * (STEPS + 1) + 1) * pixels, (4 * (STEPS + 1) + 2) * pixels);
  assert.deepEqual((await picture({ stretch: 29, frame: 1 })).data, image);
  assert.deepEqual(last.latents.subarray(4, 8), Float32Array.from(image.subarray(6000, 6004)));
});

test("latents are made once for an encoder, and again for another", async () => {
  encoded = 0;
  const again = await rememberShards(data, options());
  assert.equal(encoded, 0);
  assert.equal(again.experience.stretches.length, 50);
  await rememberShards(data, options({ encoderSha256: "other", episodes: 25 }));
  assert.equal(encoded, 25 * (STEPS + 1));
});

test("latents that were cut off are made again", async () => {
  const [own] = await readdir(join(folder, "cache"));
  for (const file of await readdir(join(folder, "cache", own!))) await truncate(join(folder, "cache", own!, file), 8);
  encoded = 0;
  await rememberShards(data, options({ encoderSha256: "one", episodes: 25 }));
  await rememberShards(data, options({ encoderSha256: "other", episodes: 25 }));
  assert.equal(encoded, 25 * (STEPS + 1));
});

test("what is no data set of this robot is refused on one line", async () => {
  const one = (error: unknown, words: RegExp): true => {
    assert.ok(error instanceof Error && !error.message.includes("\n"));
    assert.match(error.message, words);
    return true;
  };
  await assert.rejects(rememberShards(folder, options()), (error) => one(error, /dataset\.json is missing: .* make one with/));
  await assert.rejects(rememberShards(data, options({ stateDim: 9 })), (error) => one(error, /has a state of 7 numbers, the model's has 9/));
  await assert.rejects(rememberShards(data, options({ actionDim: 6 })), (error) => one(error, /actions\.npy is <f4 of shape 25x2x4; wanted <f4 of shape Nx2x6/));
  const shard = join(data, "shard-00000", "images.npy");
  await truncate(shard, 5000);
  await assert.rejects(rememberShards(data, options()), (error) => one(error, /images\.npy has 5000 bytes, its header asks for \d+: it is cut off/));
  await writeFile(shard, "no array");
  await assert.rejects(rememberShards(data, options()), (error) => one(error, /is not a \.npy file/));
  await writeFile(join(data, "dataset.json"), "{\"steps\": -1}");
  await assert.rejects(rememberShards(data, options()), (error) => one(error, /dataset\.json: field steps is -1/));
});
