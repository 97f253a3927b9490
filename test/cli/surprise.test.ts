import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PROJECT_ROOT } from "../../src/cli/project.js";
import { Random } from "../../src/planner/random.js";
import { readManifest } from "../../src/world-model/index.js";
import { assertOneLine, runCli } from "./run-cli.js";

let dir = "";
const cli = (...args: string[]) => runCli(["surprise", "calibrate", "--bundle", join(dir, "bundle"), ...args], {}, dir);

/** Runs of a robot with the tiny bundle: 8 entries of latent, 7 of state. */
function runs(count: number, success: boolean): string {
  const random = new Random(count);
  const latent = (): number[] => Array.from({ length: 8 }, () => random.gaussian());
  return Array.from({ length: count }, (_, i) => `${JSON.stringify({
    success, name: `run ${i}`, goals: [1 + random.uniform()], starts: [0],
    observations: Array.from({ length: 6 }, () => ({ latent: latent(), state: [0.5, 0, 0.2, 0.08, 0, 0, 0], predicted: latent(), unlikeness: 1 + random.uniform() })),
  })}\n`).join("");
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-surprise-"));
  await cp(join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle"), join(dir, "bundle"), { recursive: true });
  await writeFile(join(dir, "good.jsonl"), runs(60, true));
  await writeFile(join(dir, "bad.jsonl"), runs(30, false));
});
after(() => rm(dir, { recursive: true, force: true }));

test("recorded runs become thresholds in the manifest; only those that went well count, and nothing else changes", async () => {
  const before = await readManifest(join(dir, "bundle"));
  const dry = await cli("--runs", "good.jsonl", "bad.jsonl", "--alpha", "0.1", "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.deepEqual(await readManifest(join(dir, "bundle")), before);
  const { code, stdout, stderr } = await cli("--runs", "good.jsonl", "bad.jsonl", "--alpha", "0.1");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^60 of 90 runs went well: 15 say what is usual, 45 set the thresholds$/m);
  assert.match(stdout, /^at most 10 % of normal runs have a false alarm$/m);
  assert.match(stdout, /^picture: above 1\.\d+ in 2 pictures in a row$/m);
  assert.match(stdout, /^arm: not watched/m);
  const { surprise, ...rest } = await readManifest(join(dir, "bundle"));
  assert.deepEqual(rest, before);
  assert.equal(surprise?.source, "good.jsonl, bad.jsonl; 60 of 90 runs went well");
  assert.deepEqual([surprise.fit_runs, surprise.threshold_runs, surprise.alpha], [15, 45, 0.1]);
  assert.ok(surprise.picture!.threshold > 1 && surprise.picture!.threshold < 2 && surprise.goal!.threshold < 2);
  assert.equal(surprise.prediction!.mean.length, 8);
  assert.deepEqual((await readdir(join(dir, "bundle"))).sort(), ["encoder.onnx", "manifest.json", "rollout.onnx"], "nothing lies beside");
});

test("too few runs, of another bundle, or none: one line, and the manifest stays", async () => {
  const before = await readFile(join(dir, "bundle", "manifest.json"), "utf8");
  assertOneLine(await cli("--runs", "good.jsonl", "--alpha", "0.01"), 1, /60 successful runs are too few for a false-alarm rate of 0\.01: about \d+ are needed/);
  assertOneLine(await cli("--runs", "bad.jsonl"), 1, /0 successful runs are too few/);
  await writeFile(join(dir, "other.jsonl"), runs(1, true).replace('"state":[0.5,', '"state":['));
  assertOneLine(await cli("--runs", "other.jsonl"), 1, /other\.jsonl, line 1: state has 6 values, the bundle's has 7/);
  assertOneLine(await cli("--runs", "none.jsonl"), 1, /none\.jsonl/);
  assertOneLine(await cli("--alpha", "2"), 2, /--alpha "2" is not a number from 0\.001 to 0\.5/);
  assertOneLine(await cli("--runs", "good.jsonl", "--record", "x"), 2, /give one of them/);
  assert.equal(await readFile(join(dir, "bundle", "manifest.json"), "utf8"), before);
});

test("the simulator's runs can be kept, and the bundle is left as it is", async () => {
  const before = await readFile(join(dir, "bundle", "manifest.json"), "utf8");
  const { code, stdout, stderr } = await cli("--episodes", "2", "--max-steps", "2", "--record", "kept.jsonl");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2 runs in kept\.jsonl, \d of them went well$/m);
  const kept = (await readFile(join(dir, "kept.jsonl"), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as { name: string; observations: { energy: number }[] });
  assert.deepEqual(kept.map(({ name }) => name), ["reach 500000", "grasp 500001"]);
  assert.ok(kept.every(({ observations }) => observations.length >= 2 && observations.every(({ energy }) => energy >= 0)));
  assert.equal(await readFile(join(dir, "bundle", "manifest.json"), "utf8"), before);
});
