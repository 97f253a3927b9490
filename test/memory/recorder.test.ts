import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import fc from "fast-check";

import { episodePath, episodesFolder, listEpisodeFiles, pinEpisode, unpinEpisode } from "../../src/memory/episode-files.js";
import { episodeId } from "../../src/memory/episode-id.js";
import { chooseOldest, makeRoom } from "../../src/memory/make-room.js";
import { MemoryIndex } from "../../src/memory/memory-index.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { Recorder, type RecorderOptions } from "../../src/memory/recorder.js";
import { madeUpEpisode } from "./made-up-episode.js";
import { writeEpisode } from "./write-episode.js";

import type { Episode } from "../../src/memory/episode.js";

const root = mkdtempSync(join(tmpdir(), "jepa-mpc-recorder-"));
after(() => { rmSync(root, { recursive: true }); });
let dir = "";
beforeEach(() => { dir = mkdtempSync(join(root, "memory-")); });

function recorder(said: string[], options: Partial<RecorderOptions> = {}): Recorder {
  return new Recorder({ dir, maxBytes: 1e9, warn: (line) => { said.push(`warn: ${line}`); }, info: (line) => { said.push(`info: ${line}`); }, ...options });
}

/** Hands an episode over, no faster than it is written. */
async function live(to: Recorder, { header, steps, events, outcome }: Episode): Promise<void> {
  to.begin(header);
  for (const event of events) to.event(event);
  for (const step of steps) {
    to.step(step);
    for (const endMs = performance.now() + 10_000; to.state.waiting > 8 && performance.now() < endMs;) await sleep(2);
  }
  to.end(outcome);
}

describe("a recorder", () => {
  it("writes what it is handed, in a thread of its own, and enters it in the index", async () => {
    const said: string[] = [];
    const to = recorder(said);
    const episodes = [madeUpEpisode({ seed: 1, steps: 30, side: 64 }), madeUpEpisode({ seed: 2 })];
    for (const episode of episodes) await live(to, episode);
    await to.close(20);
    for (const episode of episodes) assert.deepEqual(await readEpisode(episodePath(dir, episode.header.id)), episode);
    assert.deepEqual(said, []);
    assert.deepEqual(to.state, { steps: 35, dropped: 0, waiting: 0 });
    assert.equal((await (await MemoryIndex.open(dir)).episodes()).length, 2);
  });

  it("sends only the picture of an array that is a part of a larger one, and leaves it to its owner", async () => {
    const to = recorder([]);
    const episode = madeUpEpisode({ seed: 4, steps: 1 });
    const large = new Uint8Array(1 << 20);
    const { image } = episode.steps[0]!;
    large.set(image.data, 12345);
    const data = large.subarray(12345, 12345 + image.data.length);
    await live(to, { ...episode, steps: [{ ...episode.steps[0]!, image: { ...image, data } }] });
    assert.deepEqual(data, image.data);
    await to.close(20);
    assert.deepEqual((await readEpisode(episodePath(dir, episode.header.id))).steps, episode.steps);
  });

  it("drops steps rather than let them pile up, and says how many", async () => {
    const to = recorder([], { maxWaiting: 3 });
    const episode = madeUpEpisode({ seed: 5, steps: 12 });
    to.begin(episode.header);
    // All at once: the thread has not even started.
    for (const step of episode.steps) to.step(step);
    to.end(episode.outcome);
    assert.equal(to.state.dropped, 9);
    await to.close(20);
    const { steps, outcome } = await readEpisode(episodePath(dir, episode.header.id));
    assert.deepEqual(steps, episode.steps.slice(0, 3));
    assert.equal(outcome.droppedSteps, 9);
  });

  it("leaves no file of a goal that never got a plan", async () => {
    const to = recorder([]);
    const { header, outcome } = madeUpEpisode({ seed: 6 });
    to.begin(header);
    to.end(outcome);
    await to.close(20);
    assert.deepEqual(listEpisodeFiles(dir), []);
  });

  it("warns once when it cannot write, goes on, and records again when it can", async () => {
    const said: string[] = [];
    writeFileSync(episodesFolder(dir), "a file where the folder should be");
    const to = recorder(said);
    await live(to, madeUpEpisode({ seed: 7 }));
    await live(to, madeUpEpisode({ seed: 8 }));
    for (let i = 0; i < 500 && to.state.waiting > 0; i++) await sleep(10);
    assert.match(to.state.problem!, /^Not recording in .+: .+\.$/);
    assert.equal(said.filter((line) => line.startsWith("warn:")).length, 1, said.join("\n"));
    rmSync(episodesFolder(dir));
    const episode = madeUpEpisode({ seed: 9 });
    await live(to, episode);
    await to.close(20);
    assert.equal(to.state.problem, undefined);
    assert.deepEqual(await readEpisode(episodePath(dir, episode.header.id)), episode);
  });

  it("keeps the memory within its bound: the oldest go, pinned ones stay, and nothing is recorded when only those are left", async () => {
    const said: string[] = [];
    const old = [11, 12, 13].map((seed) => madeUpEpisode({ seed, side: 64 }));
    for (const episode of old) await writeEpisode(dir, episode);
    const bytes = listEpisodeFiles(dir)[0]!.bytes;
    pinEpisode(dir, old[0]!.header.id);
    const to = recorder(said, { maxBytes: 2.5 * bytes });
    const fresh = madeUpEpisode({ seed: 14, side: 64 });
    await live(to, fresh);
    await to.close(20);
    assert.deepEqual(listEpisodeFiles(dir).map(({ id }) => id), [old[0]!.header.id, fresh.header.id]);
    assert.deepEqual((await (await MemoryIndex.open(dir)).episodes()).map(({ id, pinned }) => [id, pinned]), [[old[0]!.header.id, true], [fresh.header.id, false]]);
    const full = recorder(said, { maxBytes: 0.5 * bytes });
    await live(full, madeUpEpisode({ seed: 15, side: 64 }));
    await full.close(20);
    assert.match(said.join("\n"), /^warn: Not recording in .+ pinned .+ unpin some/);
    assert.deepEqual(readdirSync(episodesFolder(dir)).sort(), [`${old[0]!.header.id}.mcap`, `${old[0]!.header.id}.pin`]);
    unpinEpisode(dir, old[0]!.header.id);
    assert.equal(makeRoom(dir, 0).bytes, 0);
    assert.ok(!existsSync(episodePath(dir, old[0]!.header.id)));
  });
});

it("what is deleted is the least prefix of what may be, and what stays fits unless nothing more may go", () => {
  const file = fc.record({ bytes: fc.integer({ min: 0, max: 1000 }), pinned: fc.boolean(), part: fc.boolean() });
  fc.assert(fc.property(fc.array(file, { maxLength: 30 }), fc.integer({ min: 0, max: 8000 }), (sizes, maxBytes) => {
    const files = sizes.map((size, i) => ({ ...size, id: episodeId(new Date(1e12 + 1000 * i)), path: String(i) }));
    const { go, bytes } = chooseOldest(files, maxBytes);
    const may = files.filter(({ pinned, part }) => !pinned && !part);
    assert.deepEqual(go, may.slice(0, go.length));
    const total = files.reduce((sum, each) => sum + each.bytes, 0);
    assert.equal(bytes, total - go.reduce((sum, each) => sum + each.bytes, 0));
    assert.ok(bytes <= maxBytes || go.length === may.length);
    // One less would not have been enough.
    if (go.length > 0) assert.ok(bytes + go.at(-1)!.bytes > maxBytes);
  }));
});
