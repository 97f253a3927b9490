import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { PROJECT_ROOT } from "../../src/cli/project.js";
import { EpisodeWriter } from "../../src/memory/episode-writer.js";
import { episodesFolder, listEpisodeFiles } from "../../src/memory/episode-files.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { madeUpEpisode } from "../memory/made-up-episode.js";
import { assertOneLine, runCli, type CliResult } from "./run-cli.js";

const TINY = join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle");

describe("jepa-mpc memory", () => {
  const root = mkdtempSync(join(tmpdir(), "jepa-mpc-cli-memory-"));
  const dir = join(root, "memory");
  after(() => { rmSync(root, { recursive: true }); });
  const cli = (...args: string[]): Promise<CliResult> => runCli(args, { JEPA_MPC_MEMORY: dir, JEPA_MPC_BUNDLE: TINY }, root);
  const memory = (...args: string[]): Promise<CliResult> => cli("memory", ...args);
  let ids: string[] = [];

  before(async () => {
    const { code, stderr } = await cli("eval", "--task", "reach", "--episodes", "3", "--max-steps", "4", "--workers", "2", "--memory", dir);
    assert.equal(code, 0, stderr);
    ids = listEpisodeFiles(dir).map(({ id }) => id);
    assert.equal(ids.length, 3);
  });

  it("has what eval lived, with the simulator's truth, and the model sees in it what it saw", async () => {
    const model = await OnnxWorldModel.load(TINY, { threads: 1 });
    try {
      for (const { path } of listEpisodeFiles(dir)) {
        const { header, steps, outcome } = await readEpisode(path);
        assert.equal(header.source, "simulation");
        assert.equal(header.goal, "reach");
        assert.ok(steps.length >= 3, `${steps.length} steps`);
        assert.equal(outcome.steps, steps.length);
        assert.ok(outcome.truth !== undefined && outcome.truth.finalDistanceM > 0);
        for (const { image, latent } of steps) assert.deepEqual(await model.encode(image), latent);
        assert.deepEqual(await model.encode(header.subGoals[0]!.image!), header.subGoals[0]!.latent);
      }
    } finally {
      await model.close();
    }
  });

  it("lists and shows them", async () => {
    const { stdout } = await memory("list");
    for (const id of ids) assert.match(stdout, new RegExp(`^${id}  reach  .*true (success|failure)`, "m"));
    assert.match(stdout, /^3 episodes, .* in .*memory$/m);
    const json = JSON.parse((await memory("list", "--newest", "1", "--json")).stdout) as { episodes: { id: string; steps: number }[] };
    assert.deepEqual(json.episodes.map(({ id }) => id), ids.slice(-1));
    assert.match((await memory("list", "--goal", "elsewhere")).stdout, /^no such episodes in /);
    const shown = await memory("show", "last");
    assert.match(shown.stdout, new RegExp(`^episode +${ids.at(-1)!}$`, "m"));
    assert.match(shown.stdout, /^truth +(success|failure), [\d.]+ cm/m);
    assert.match(shown.stdout, /^0\.00 s +planning +Starting for "reach"/m);
    const whole = JSON.parse((await memory("show", ids[0]!, "--json")).stdout) as { steps: { actions: number[] }[]; header: { actionNames: string[] } };
    assert.equal(whole.steps[0]!.actions.length % whole.header.actionNames.length, 0);
  });

  it("pins, prunes and removes", async () => {
    assert.match((await memory("pin", ids[0]!)).stdout, /is kept/);
    const dry = await memory("prune", "--max-gb", "0", "--dry-run");
    assert.deepEqual(dry.stdout.split("\n").slice(0, 2), ids.slice(1));
    assert.equal(listEpisodeFiles(dir).length, 3);
    assert.match((await memory("prune", "--max-gb", "0")).stdout, /^2 episodes were deleted; .* all pinned/m);
    assert.deepEqual(listEpisodeFiles(dir).map(({ id, pinned }) => [id, pinned]), [[ids[0], true]]);
    assert.match((await memory("pin", ids[0]!, "--off")).stdout, /may be deleted again/);
    assert.match((await memory("list")).stdout, /^1 episodes/m);
    assert.match((await memory("remove", ids[0]!)).stdout, /deleted/);
    assert.deepEqual(readdirSync(episodesFolder(dir)), []);
  });

  it("recovers what was cut off, and makes its index anew", async () => {
    assert.match((await memory("recover")).stdout, /^nothing to recover/);
    // Written by a process that is no more: this file's mark says so, because another process wrote it.
    const { header, steps } = madeUpEpisode({ seed: 1 });
    const writer = await EpisodeWriter.begin(episodesFolder(dir), header);
    await writer.write(steps[0]!);
    assertOneLine(await memory("pin", "last"), 1, /has not ended: it is being written, or wants jepa-mpc memory recover/);
    assert.match((await memory("show", "last")).stdout, /without its end/);
    assert.match((await memory("recover")).stdout, /^nothing to recover/);
    writer.abandon();
    writeFileSync(join(episodesFolder(dir), "20261123T044012.345Z-1a2b3c.mcap"), "no episode");
    const { code, stdout, stderr } = await memory("reindex");
    assert.equal(code, 1);
    assert.match(stdout, /^0 episodes in the index/);
    assert.match(stderr, /^memory: .*1a2b3c\.mcap is not an [^\n]+\njepa-mpc: 1 files in [^\n]+\n$/);
  });

  it("refuses in one line what it cannot do", async () => {
    const empty = join(root, "empty");
    assertOneLine(await memory("show", "nope", "--memory", empty), 1, /"nope" is no file, and there are no episodes in /);
    assertOneLine(await memory("list", "--newest", "some"), 2, /--newest "some" is not a whole number/);
    assertOneLine(await memory("list", "--outcome", "won"), 2, /--outcome "won" is not one of/);
    assertOneLine(await memory("prune"), 2, /max-gb/);
    assertOneLine(await memory("pin"), 2, /memory pin needs <EPISODE>/);
    assertOneLine(await memory("forget"), 2, /unknown|Unknown/);
    writeFileSync(join(root, "file"), "");
    assertOneLine(await memory("list", "--memory", join(root, "file")), 1, /file/);
  });
});
