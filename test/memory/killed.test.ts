import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { MemoryIndex } from "../../src/memory/memory-index.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { recoverEpisodes } from "../../src/memory/recover-episodes.js";
import { madeUpEpisode } from "./made-up-episode.js";
import { ownMark } from "../../src/memory/process-mark.js";
import { writeEpisode } from "./write-episode.js";

const root = mkdtempSync(join(tmpdir(), "jepa-mpc-killed-"));
after(() => { rmSync(root, { recursive: true }); });
const PROGRAM = fileURLToPath(new URL("./record-forever.js", import.meta.url));

/** Starts a recording process and kills it when it has said that so many steps are written. @returns the last one it said. */
async function recordAndKill(dir: string, steps: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, dir], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  const exited = new Promise<NodeJS.Signals | null>((resolve) => { child.once("exit", (_, signal) => { resolve(signal); }); });
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("\n").length > steps) child.kill("SIGKILL");
  });
  assert.equal(await exited, "SIGKILL");
  return Number(text.trim().split("\n").at(-1));
}

it("no step that was written is lost by SIGKILL, and the next start finishes the episode", { timeout: 120_000 }, async () => {
  const written = madeUpEpisode({ seed: 77, steps: 400, side: 96 });
  for (const steps of [1, 7, 23]) {
    const dir = join(root, `memory-${steps}`);
    const last = await recordAndKill(dir, steps);
    const folder = join(dir, "episodes");
    const [part] = readdirSync(folder);
    assert.match(part!, /\.mcap\.part$/);
    // As it lies there, and when it was recovered.
    const asLeft = await readEpisode(join(folder, part!));
    assert.ok(asLeft.steps.length > last, `${asLeft.steps.length} steps are there, ${last + 1} were written`);
    assert.deepEqual(asLeft.steps, written.steps.slice(0, asLeft.steps.length));
    assert.equal(asLeft.outcome.kind, "interrupted");
    const { recovered, empty, problems } = await recoverEpisodes(dir);
    assert.deepEqual({ recovered, empty, problems }, { recovered: [asLeft.header.id], empty: [], problems: [] });
    assert.deepEqual(readdirSync(folder), [`${asLeft.header.id}.mcap`]);
    assert.deepEqual(await readEpisode(join(folder, `${asLeft.header.id}.mcap`)), asLeft);
    const [indexed] = await (await MemoryIndex.open(dir)).episodes();
    assert.equal(indexed?.outcome, "interrupted");
    assert.equal(indexed.steps, asLeft.steps.length);
    assert.deepEqual(await recoverEpisodes(dir), { recovered: [], empty: [], problems: [] });
  }
});

it("the index is whole after SIGKILL at any moment, and for all who use it at once", { timeout: 240_000 }, async () => {
  const dir = join(root, "index");
  for (let seed = 1; seed <= 12; seed++) await writeEpisode(dir, madeUpEpisode({ seed, steps: 20, side: 8 }));
  const query = madeUpEpisode({ seed: 3 }).steps[1]!.latent;
  const look = async (): Promise<unknown> => {
    const index = await MemoryIndex.open(dir);
    return [await index.episodes(), await index.nearestFrames(query, "e".repeat(64), 7)];
  };
  const expected = await look();
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [fileURLToPath(new URL("./index-forever.js", import.meta.url)), dir], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = new Promise((resolve) => { child.once("exit", resolve); });
    await new Promise((resolve) => { child.stdout.once("data", resolve); });
    await sleep(7 * round + 3 * Math.random());
    child.kill("SIGKILL");
    await exited;
    // Four at once find what the dead one left.
    for (const seen of await Promise.all([look(), look(), look(), look()])) assert.deepEqual(seen, expected);
  }
});

it("an episode that a running process writes is not taken from it", async () => {
  const { EpisodeWriter } = await import("../../src/memory/episode-writer.js");
  const dir = join(root, "running");
  const { header, steps, outcome } = madeUpEpisode({ seed: 3, steps: 2 });
  const writer = await EpisodeWriter.begin(join(dir, "episodes"), header);
  await writer.write(steps[0]!);
  assert.ok(ownMark().begun !== "");
  assert.deepEqual(await recoverEpisodes(dir), { recovered: [], empty: [], problems: [] });
  await writer.write(steps[1]!);
  assert.deepEqual((await readEpisode(writer.end(outcome))).steps, steps);
});
