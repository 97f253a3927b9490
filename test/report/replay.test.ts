import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { createPlanner } from "../../src/control/planner-config.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { replayEpisode } from "../../src/report/replay-episode.js";
import { summarizeReplay } from "../../src/report/replay-summary.js";
import { episodeReport } from "../../src/report/episode-report.js";
import { OnnxWorldModel } from "../../src/world-model/index.js";
import { assertOneLine, runCli } from "../cli/run-cli.js";
import { writeEpisode } from "../memory/write-episode.js";
import { SHIPPED, simulatedEpisode } from "./simulated-episode.js";

const folder = await mkdtemp(join(tmpdir(), "jepa-mpc-report-"));
after(() => rm(folder, { recursive: true, force: true }));
const file = await writeEpisode(folder, await simulatedEpisode("reach", 3, 12));
const episode = await readEpisode(file);
const model = await OnnxWorldModel.load(SHIPPED);
after(() => model.close());

test("the bundle that drove says the same again, and its plans lead as far", async () => {
  assert.ok(episode.steps.length >= 6, `${episode.steps.length} steps`);
  const replay = await replayEpisode(episode, { model, manifest: model.manifest, search: { kind: "icem" }, seed: 0 });
  assert.ok(replay.sameEncoder && replay.sameRollout);
  const summary = summarizeReplay(episode, replay);
  assert.equal(summary.sameLatents, true, `latents are ${summary.latentDistance} apart`);
  assert.ok(summary.startEnergyDifference! < 1e-4);
  assert.equal(summary.compared, episode.steps.length);
  // The recorded plan, rolled out again, ends where it was predicted to end.
  replay.steps.forEach(({ recordedEndEnergy }, i) => {
    assert.ok(Math.abs(recordedEndEnergy - episode.steps[i]!.stepEnergies.at(-1)!) < 1e-4, `step ${i}`);
  });
  assert.ok(summary.endEnergy < 1.5 * summary.recordedEndEnergy + 0.02, `${summary.endEnergy} against ${summary.recordedEndEnergy}`);
  assert.equal(summary.actionDifference.length, 4);
  assert.ok(summary.actionDifference.slice(0, 3).every((metres) => metres >= 0 && metres < 0.04));
});

test("more search finds no worse plans, less finds worse ones", async () => {
  const energyOf = async (search: Parameters<typeof createPlanner>[0]): Promise<number> =>
    summarizeReplay(episode, await replayEpisode(episode, { model, manifest: model.manifest, search, seed: 1 })).endEnergy;
  const little = await energyOf({ kind: "cem", options: { candidates: 8, iterations: 1, elites: 2 } });
  const much = await energyOf({ kind: "icem", options: { candidates: 256, iterations: 6 } });
  assert.ok(much < little, `${much} against ${little}`);
});

test("another encoder's goals are looked at again, and what cannot be compared is not", async () => {
  const other = { ...episode, header: { ...episode.header, bundle: { name: "older", encoderSha256: "0".repeat(64), rolloutSha256: "1".repeat(64) } } };
  const options = { model, manifest: model.manifest, search: { kind: "icem" }, seed: 0 } as const;
  const replay = await replayEpisode(other, options);
  assert.equal(replay.sameEncoder, false);
  const summary = summarizeReplay(other, replay);
  assert.equal(summary.latentDistance, undefined);
  assert.ok(Number.isFinite(summary.endEnergy));
  const [goal] = episode.header.subGoals;
  const blind = { ...other, header: { ...other.header, subGoals: [{ name: goal!.name, latent: goal!.latent }] } };
  await assert.rejects(replayEpisode(blind, options), /^Error: the goal "tool at its place" was recorded without its picture, which bundle arm-objects-jepa/);
  const strange = { ...episode, header: { ...episode.header, actionNames: ["q1", "q2", "q3", "grip"] } };
  await assert.rejects(replayEpisode(strange, options), /has the actions dx,dy,dz,gripper, the episode \(of arm-objects-jepa\) has q1,q2,q3,grip: give a bundle with the same/);
});

test("what people wrote is text in the report, and nothing in it comes from elsewhere", async () => {
  const nasty = "<img src=x onerror=alert(1)>\"&";
  const html = await episodeReport({
    ...episode, header: { ...episode.header, goal: nasty, calibration: "</dd><script>" }, outcome: { ...episode.outcome, sentence: `Held: ${nasty}` },
    events: [{ timeS: 0.5, state: "holding", holdReason: "plan_late", sentence: nasty }],
  }, { by: "a test" });
  assert.doesNotMatch(html, /<script|<img src=x|<link|@import|https?:\/\/(?!www\.w3\.org\/)/i);
  assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&amp;/);
  const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map((found) => found[1]);
  assert.equal(new Set(ids).size, ids.length, "no id twice");
});

test("an episode without steps has a report, too", async () => {
  const html = await episodeReport({ ...episode, steps: [], events: [] }, { by: "a test" });
  assert.match(html, /No step was recorded/);
});

test("jepa-mpc report and replay write the page", { timeout: 120_000 }, async () => {
  const { id } = episode.header;
  const out = join(folder, "episode.html");
  const report = await runCli(["report", id.slice(0, 12), "--memory", folder, "--out", out, "--landscape", "0,3", "--bundle", SHIPPED]);
  assert.equal(report.code, 0, report.stderr);
  assert.equal(report.stdout, `${out}\n`);
  const html = await readFile(out, "utf8");
  assert.match(html, /Going for “reach-3”/);
  assert.equal(html.match(/<figure class="chart">/g)?.length, 5, "energy, times, surprise and two landscapes");
  assert.equal(html.match(/src="data:image\/png;base64,/g)?.length, Math.min(12, episode.steps.length) + 1, "frames and the goal");

  const compared = join(folder, "compared.html");
  const replay = await runCli(["replay", "last", "--memory", folder, "--bundle", SHIPPED, "--method", "mppi", "--iterations", "2", "--html", compared]);
  assert.equal(replay.code, 0, replay.stderr);
  assert.match(replay.stdout, /Planned again with arm-objects-jepa and mppi, the bundle of the recording\.\nThe same pictures have the same latents, up to rounding/);
  assert.match(await readFile(compared, "utf8"), /Planned again/);
  const json = JSON.parse((await runCli(["replay", file, "--bundle", SHIPPED, "--json"])).stdout) as { same_latents: boolean; steps: unknown[]; action_names: string[] };
  assert.equal(json.same_latents, true);
  assert.equal(json.steps.length, episode.steps.length);
});

test("jepa-mpc report and replay say what is wrong in one line", { timeout: 120_000 }, async () => {
  const broken = join(folder, "broken.mcap");
  await writeFile(broken, "no episode");
  assertOneLine(await runCli(["report", "nothing", "--memory", folder]), 1, /no episode "nothing": it is no file, and of the 1 in .* none begins so; the newest is /);
  assertOneLine(await runCli(["report", "last", "--memory", join(folder, "none")]), 1, /"last" is no file, and there are no episodes in /);
  assertOneLine(await runCli(["report", broken]), 1, /broken\.mcap/);
  assertOneLine(await runCli(["report", file, "--landscape", "99", "--bundle", SHIPPED]), 2, /--landscape "99" is no recorded step: they are 0 to /);
  assertOneLine(await runCli(["report", file, "--landscape", "0", "--bundle", join("test", "fixtures", "tiny-bundle")]), 1, /was recorded with arm-objects-jepa .*: give that bundle with --bundle/);
  assertOneLine(await runCli(["report", file, "--landscape-axes", "dx,dy"]), 2, /--landscape-axes needs --landscape STEP/);
  assertOneLine(await runCli(["replay"]), 2, /replay needs <EPISODE>/);
});
