import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";

import { episodePath } from "../../src/memory/episode-files.js";
import { MemoryIndex } from "../../src/memory/memory-index.js";
import { ownMark } from "../../src/memory/process-mark.js";
import { madeUpEpisode } from "./made-up-episode.js";
import { writeEpisode } from "./write-episode.js";

const root = mkdtempSync(join(tmpdir(), "jepa-mpc-index-"));
after(() => { rmSync(root, { recursive: true }); });
let dir = "";
beforeEach(() => { dir = mkdtempSync(join(root, "memory-")); });

describe("the index of a memory", () => {
  it("knows the episodes by goal, bundle and outcome, the oldest first", async () => {
    const episodes = [1, 2, 3].map((seed) => madeUpEpisode({ seed, goal: seed === 2 ? "box" : "cup" }));
    for (const episode of episodes.toReversed()) await writeEpisode(dir, episode);
    const index = await MemoryIndex.open(dir);
    assert.deepEqual((await index.episodes()).map(({ id }) => id), episodes.map(({ header }) => header.id));
    assert.deepEqual((await index.episodes({ goal: "cup" })).map(({ id }) => id), [episodes[0]!.header.id, episodes[2]!.header.id]);
    assert.deepEqual((await index.episodes({ newest: 1 })).map(({ id }) => id), [episodes[2]!.header.id]);
    assert.deepEqual(await index.episodes({ outcome: "held" }), []);
    const [{ path, steps, startEnergy, outcome, sentence }] = (await index.episodes({ goal: "box" })) as [Awaited<ReturnType<typeof index.episodes>>[number]];
    assert.equal(path, episodePath(dir, episodes[1]!.header.id));
    assert.deepEqual({ steps, startEnergy, outcome, sentence }, {
      steps: 5, startEnergy: episodes[1]!.steps[0]!.startEnergy, outcome: "reached", sentence: episodes[1]!.outcome.sentence,
    });
  });

  it("gives the nearest frames of one encoder", async () => {
    const [one, two, other] = [madeUpEpisode({ seed: 5 }), madeUpEpisode({ seed: 6 }), madeUpEpisode({ seed: 7, encoderSha256: "a".repeat(64) })];
    for (const episode of [one, two, other]) await writeEpisode(dir, episode);
    const index = await MemoryIndex.open(dir);
    const { latent } = two.steps[3]!;
    const near = await index.nearestFrames(latent, "e".repeat(64), 4);
    assert.deepEqual(near[0], { episode: two.header.id, step: 3, distance: 0 });
    // As somebody would do it who has all of them.
    const all = [one, two].flatMap(({ header, steps }) => steps.map((step) => ({
      episode: header.id, step: step.index, distance: Math.sqrt(step.latent.reduce((sum, value, i) => sum + (value - latent[i]!) ** 2, 0)),
    }))).sort((a, b) => a.distance - b.distance);
    assert.deepEqual(near.map(({ episode, step }) => ({ episode, step })), all.slice(0, 4).map(({ episode, step }) => ({ episode, step })));
    near.forEach(({ distance }, i) => { assert.ok(Math.abs(distance - all[i]!.distance) < 1e-6); });
    assert.equal((await index.nearestFrames(other.steps[0]!.latent, "a".repeat(64), 100)).length, 5);
    assert.deepEqual(await index.nearestFrames(new Float32Array(3), "e".repeat(64), 4), []);
    assert.deepEqual(await index.nearestFrames(latent, "b".repeat(64), 4), []);
  });

  it("gives the nearest plans with what was executed and what came of it", async () => {
    const episode = madeUpEpisode({ seed: 8, steps: 9, subGoals: 2 });
    await writeEpisode(dir, episode);
    await writeEpisode(dir, madeUpEpisode({ seed: 9 }));
    const index = await MemoryIndex.open(dir);
    const step = episode.steps[1]!;
    const [plan] = await index.nearestPlans(step.latent, episode.header.subGoals[0]!.latent, "f".repeat(64), 1);
    assert.ok(plan !== undefined);
    assert.equal(plan.episode, episode.header.id);
    assert.equal(plan.step, 1);
    assert.equal(plan.distance, 0);
    assert.deepEqual(plan.actions, step.actions);
    // Steps 0 to 4 are of the first sub-goal.
    assert.deepEqual(plan.executed, Float32Array.from([1, 2, 3, 4].flatMap((i) => [...episode.steps[i]!.actions.subarray(0, 4)])));
    assert.equal(plan.energyReached, Math.min(...[2, 3, 4].map((i) => episode.steps[i]!.startEnergy)));
    const far = await index.nearestPlans(step.latent, episode.header.subGoals[1]!.latent, "f".repeat(64), 14);
    assert.equal(far.length, 14);
    assert.ok(far.every(({ distance, latentDistance, goalDistance }) => Math.abs(distance - Math.hypot(latentDistance, goalDistance)) < 1e-5));
    assert.ok(far.every(({ distance }, i) => i === 0 || distance >= far[i - 1]!.distance));
  });

  it("follows the files: what is new, gone or replaced", async () => {
    const [one, two] = [madeUpEpisode({ seed: 11 }), madeUpEpisode({ seed: 12 })];
    await writeEpisode(dir, one);
    const index = await MemoryIndex.open(dir);
    await writeEpisode(dir, two);
    assert.deepEqual(await index.update(), { added: 1, removed: 0, problems: [] });
    assert.equal((await index.nearestFrames(two.steps[0]!.latent, "e".repeat(64), 1))[0]!.episode, two.header.id);
    rmSync(episodePath(dir, one.header.id));
    assert.deepEqual(await index.update(), { added: 0, removed: 1, problems: [] });
    assert.equal((await index.nearestFrames(one.steps[0]!.latent, "e".repeat(64), 100)).length, 5);
    writeFileSync(episodePath(dir, one.header.id), "spoilt");
    const { problems } = await index.update();
    assert.match(problems.join("\n"), /^[^\n]*is not an? [^\n]*$/);
    assert.deepEqual((await index.update()).problems, problems);
  });

  it("is the same when it is made anew from the files", async () => {
    for (const seed of [21, 22, 23]) await writeEpisode(dir, madeUpEpisode({ seed, outcome: { truth: { success: seed === 22, finalDistanceM: 0.01 * seed }, droppedSteps: 2 } }));
    const index = await MemoryIndex.open(dir);
    const query = madeUpEpisode({ seed: 22 }).steps[2]!.latent;
    const look = async (from: MemoryIndex): Promise<unknown> => [
      await from.episodes(), await from.nearestFrames(query, "e".repeat(64), 10), await from.nearestPlans(query, query, "f".repeat(64), 10),
    ];
    const before = await look(index);
    assert.deepEqual(await index.rebuild(), { added: 3, removed: 0, problems: [] });
    assert.deepEqual(await look(index), before);
    rmSync(join(dir, "index.sqlite"));
    assert.deepEqual(await look(await MemoryIndex.open(dir)), before);
  });

  it("is made anew when it was left half written, is damaged or of another version, and locks of the dead do not hold", async () => {
    await writeEpisode(dir, madeUpEpisode({ seed: 31 }));
    const expected = await (await MemoryIndex.open(dir)).episodes();
    const spoil: (() => void)[] = [
      () => { writeFileSync(join(dir, "index.sqlite-journal"), "a commit that was under way"); },
      () => { writeFileSync(join(dir, "index.sqlite"), "no database".repeat(1000)); },
      () => { mkdirSync(join(dir, "index.sqlite.lock")); },
      // A lock of a process that ran here and does no more.
      () => { symlinkSync(JSON.stringify({ ...ownMark(), begun: "1" }), join(dir, "index.lock")); },
    ];
    for (const how of spoil) {
      how();
      assert.deepEqual(await (await MemoryIndex.open(dir)).episodes(), expected);
    }
  });
});
