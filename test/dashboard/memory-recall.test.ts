import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";

import { MemoryRecall } from "../../src/dashboard/memory-recall.js";
import { madeUpEpisode } from "../memory/made-up-episode.js";
import { writeEpisode } from "../memory/write-episode.js";

const root = mkdtempSync(join(tmpdir(), "jepa-mpc-recall-"));
// The memory's thread keeps no process.
const awake = setInterval(() => undefined, 1000);
after(() => {
  clearInterval(awake);
  rmSync(root, { recursive: true });
});

describe("MemoryRecall", () => {
  const [ours, theirs] = [madeUpEpisode({ seed: 1 }), madeUpEpisode({ seed: 2 })];
  const { latent } = theirs.steps[3]!;
  const encoder = "e".repeat(64);
  let own = "";
  let controllers = "";
  let recall: MemoryRecall;

  beforeEach(() => {
    const folder = mkdtempSync(join(root, "memories-"));
    [own, controllers] = [join(folder, "own"), join(folder, "controllers")];
    recall = new MemoryRecall(own);
  });
  afterEach(() => recall.close());

  it("finds frames in the folder that the controller names, as soon as it is there", async () => {
    await writeEpisode(own, ours);
    recall.follow(controllers);
    const instead = await recall.nearest(latent, encoder);
    assert.equal(instead.sentence, "Remembered frames nearest to where the newest plan ends. The model draws no pictures of its own. " +
      `The controller's memory.dir, ${controllers}, is not on this machine, or nothing was recorded there yet: looked in ${own} instead.`);
    assert.equal(instead.frames[0]!.episode, ours.header.id);
    assert.equal(existsSync(controllers), false);
    await writeEpisode(controllers, theirs);
    const { sentence, frames } = await recall.nearest(latent, encoder);
    assert.equal(sentence, "Remembered frames nearest to where the newest plan ends. The model draws no pictures of its own.");
    assert.deepEqual([frames[0]!.episode, frames[0]!.step, frames[0]!.distance], [theirs.header.id, 3, 0]);
    assert.deepEqual([...(await recall.frame(theirs.header.id, 3)).subarray(0, 2)], [0xff, 0xd8]);
    await assert.rejects(recall.frame(ours.header.id, 0), /cannot|no such|not/);
    recall.follow("");
    assert.equal((await recall.nearest(latent, encoder)).frames[0]!.episode, ours.header.id);
  });

  it("says of both folders when there is no memory at all, and makes none", async () => {
    assert.equal((await recall.nearest(latent, encoder)).sentence, `There is no memory in ${own}: no episode was recorded yet.`);
    recall.follow(controllers);
    assert.match((await recall.nearest(latent, encoder)).sentence, /^There is no memory in .*own: no episode was recorded yet\. The controller's memory\.dir, .*controllers, is not on this machine/);
    // Named and its own at once: there is nothing to say.
    recall.follow(own);
    assert.equal((await recall.nearest(latent, encoder)).sentence, `There is no memory in ${own}: no episode was recorded yet.`);
    assert.deepEqual([existsSync(own), existsSync(controllers)], [false, false]);
  });

  it("stays with a folder that was asked for", async () => {
    await writeEpisode(own, ours);
    await writeEpisode(controllers, theirs);
    const fixed = new MemoryRecall(own, { follows: false });
    fixed.follow(controllers);
    assert.equal((await fixed.nearest(latent, encoder)).frames[0]!.episode, ours.header.id);
    await fixed.close();
  });
});
