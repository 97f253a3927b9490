import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MAX_STEP_M } from "../../sim/exploration.js";
import { assertOneLine, runCli } from "../cli/run-cli.js";
import { readNpy } from "../sim/read-npy.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-play-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });

test("the shipped model plays towards goals of its own, and what it did is a data set", async () => {
  const out = join(folder, "played");
  const args = ["play", "--out", out, "--bundle", "arm-objects-jepa", "--episodes", "1", "--steps", "6", "--seed", "510000", "--workers", "1"];
  const { code, stdout, stderr } = await runCli(args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^25 episodes of 6 actions in /);
  assert.deepEqual(readdirSync(out).sort(), ["dataset.json", "shard-00000"]);
  const description = JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) as Record<string, unknown>;
  assert.match(String(description["player"]), /^planner of arm-objects-jepa \(rollout [0-9a-f]{12}\)$/);
  const actions = readNpy(join(out, "shard-00000", "actions.npy"));
  const states = readNpy(join(out, "shard-00000", "states.npy"));
  assert.deepEqual(actions.shape, [25, 6, 4]);
  assert.deepEqual(states.shape, [25, 7, 7]);
  let moves = 0;
  for (let i = 0; i < actions.data.length; i++) {
    const value = Number(actions.data[i]);
    assert.ok(i % 4 === 3 ? value >= 0 && value <= 1 : Math.abs(value) <= MAX_STEP_M + 1e-6);
    if (i % 4 !== 3 && Math.abs(value) > 0.005) moves++;
  }
  assert.ok(moves > 100, "it plays");
  // Where an action sent the tool is where it went, as in the explorer's data: within what an arm under way lags behind, and what it touches holds it back.
  let followed = 0;
  for (let e = 0; e < 25; e++) {
    for (let t = 1; t < 6; t++) {
      const at = (frame: number, axis: number): number => Number(states.data[(e * 7 + frame) * 7 + axis]);
      const missed = Math.hypot(...[0, 1, 2].map((axis) => at(t + 1, axis) - at(t, axis) - Number(actions.data[(e * 6 + t) * 4 + axis])));
      if (missed < 0.025) followed++;
    }
  }
  assert.ok(followed > 100, `${followed} of 125 actions were followed`);

  const written = statSync(join(out, "shard-00000", "images.npy")).mtimeMs;
  assert.equal((await runCli(args)).code, 0);
  assert.equal(statSync(join(out, "shard-00000", "images.npy")).mtimeMs, written, "what is there is not played again");
  assertOneLine(await runCli([...args.slice(0, -4), "--steps", "7"]), 2, /dataset\.json was made with other options/);
});

test("what cannot be played is refused in one line", async () => {
  const out = join(folder, "none");
  assertOneLine(await runCli(["play", "--out", out, "--bundle", join("test", "fixtures", "tiny-bundle")]), 2, /bundle [^\n]* does not say that its latent is places/);
  assertOneLine(await runCli(["play", "--out", out, "--bundle", "arm-objects-jepa", "--episodes", "zero"]), 2, /--episodes/);
  assertOneLine(await runCli(["play", "--out", out, "--bundle", "arm-objects-jepa", "--seed", "999990"]), 2, /reach into those kept for evaluation/);
  assert.throws(() => readdirSync(out), /ENOENT/, "nothing is left behind");
});
