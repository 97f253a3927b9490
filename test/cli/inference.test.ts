import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { status } from "@grpc/grpc-js";

import { PROJECT_ROOT } from "../../src/cli/project.js";
import { InferenceServer } from "../world-model/inference-server.js";
import { assertOneLine, runCli } from "./run-cli.js";

const TINY = join(PROJECT_ROOT, "test", "fixtures", "tiny-bundle");
const SHIPPED = join(PROJECT_ROOT, "models", "arm-objects-jepa");
const START = join(PROJECT_ROOT, "docs", "images", "landscape-start.png");
const GOAL = join(PROJECT_ROOT, "docs", "images", "landscape-goal.png");

let dir = "";
let server: InferenceServer;
const cli = (...args: string[]) => runCli(args, { JEPA_MPC_BUNDLE: SHIPPED }, dir);

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "jepa-mpc-inference-"));
  server = await InferenceServer.start(SHIPPED);
});
after(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

test("plans with an inference server what it plans here, with no more of the bundle than its manifest", async () => {
  const bare = join(dir, "bare");
  await mkdir(bare);
  await cp(join(SHIPPED, "manifest.json"), join(bare, "manifest.json"));
  const plan = async (...more: string[]): Promise<{ actions: number[][]; start_energy: number }> => {
    const { code, stdout, stderr } = await cli("plan", "--start", START, "--goal", GOAL, "--json", "-", ...more);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { actions: number[][]; start_energy: number };
  };
  const [here, there] = [await plan(), await plan("--bundle", bare, "--inference-server", server.address)];
  assert.deepEqual(there.actions, here.actions);
  assert.equal(there.start_energy, here.start_energy);
});

test("eval runs episodes with an inference server, and keeps them apart from others", async () => {
  const out = join(dir, "out");
  const evaluate = (...more: string[]) => cli("eval", "--episodes", "1", "--max-steps", "2", "--workers", "1", "--out", out, ...more);
  const { code, stderr } = await evaluate("--inference-server", server.address);
  assert.equal(code, 0, stderr);
  assert.ok(server.asked.includes("ModelInfer rollout"));
  assert.equal((JSON.parse(await readFile(join(out, "settings.json"), "utf8")) as { inference?: string }).inference, "server");
  assertOneLine(await evaluate(), 1, /holds results made with other settings \(inference: "server" there, undefined now\)/);
});

test("an episode whose server goes away is no failed episode: eval ends with the reason, and goes on with the same command", async () => {
  const out = join(dir, "lost");
  const evaluate = () => cli("eval", "--seeds", "3", "--episodes", "2", "--max-steps", "4", "--workers", "1", "--out", out, "--inference-server", server.address);
  let answers = 0;
  let runs = 0;
  // As a rule in the second episode.
  server.misbehaviour.spoilAnswer = ({ model_name }) => {
    answers++;
    if (model_name.endsWith("-encoder") && ++runs === 9) server.misbehaviour.failure = { code: status.UNAVAILABLE, details: "gone" };
  };
  assertOneLine({ ...await evaluate(), stdout: "" }, 1, /eval: reach\.plain\.jepa, seed [34]: the inference server grpc:\S+ cannot be reached \(gone\)\./);
  assert.ok(answers > 9);
  server.misbehaviour = {};
  const kept = await readFile(join(out, "reach.plain.jepa.jsonl"), "utf8").catch(() => "");
  assert.ok(kept.split("\n").length <= 2, kept);
  const again = await evaluate();
  assert.equal(again.code, 0, again.stderr);
  assert.ok((await readFile(join(out, "reach.plain.jepa.jsonl"), "utf8")).startsWith(kept));
});

test("eval merges folders, runs what is missing, and lists what it would run", async () => {
  const [part, all] = [join(dir, "part"), join(dir, "all")];
  const shared = ["eval", "--policy", "persistence", "--max-steps", "2", "--workers", "1"];
  const first = await cli(...shared, "--seeds", "7", "--episodes", "2", "--out", part);
  assert.equal(first.code, 0, first.stderr);
  const merged = await cli(...shared, "--seeds", "6", "--episodes", "3", "--out", all, "--merge", part);
  assert.equal(merged.code, 0, merged.stderr);
  const seeds = (await readFile(join(all, "reach.plain.persistence.jsonl"), "utf8")).trimEnd().split("\n").map((line) => (JSON.parse(line) as { seed: number }).seed);
  assert.deepEqual(seeds, [7, 8, 6], "first what was taken, then what was run");
  assertOneLine(await cli(...shared, "--merge", part), 2, /--merge work on kept results: give their folder with --out/);
  assertOneLine(await cli(...shared, "--out", all, "--merge", join(dir, "nowhere")), 1, /nowhere holds no results/);

  const listed = await cli("eval", "--suite", "--task", "grasp", "--env", "plain", "--policy", "oracle", "--oracle-episodes", "3", "--seeds", "held-out", "--list");
  assert.equal(listed.code, 0, listed.stderr);
  const { bundle, cells } = JSON.parse(listed.stdout) as { bundle: string; cells: object[] };
  assert.equal(bundle, "arm-objects-jepa");
  assert.deepEqual(cells, ["cube", "cup"].map((object) => ({
    name: `grasp-${object}.plain.oracle`, task: "grasp", object, environment: "plain", policy: "oracle", first_seed: 10_000, episodes: 3,
  })));
});

test("doctor asks the server for the bundle", async () => {
  const bundleOf = async (...more: string[]): Promise<{ status: string; message: string }> => {
    const { stdout } = await cli("doctor", "--json", "--inference-server", server.address, ...more);
    return (JSON.parse(stdout) as { checks: { name: string; status: string; message: string }[] }).checks.find(({ name }) => name === "bundle")!;
  };
  const sound = await bundleOf();
  assert.equal(sound.status, "OK");
  assert.match(sound.message, /^arm-objects-jepa \(.+\), its 3 graphs served by grpc:\S+: all have run \(\d+ ms\)$/);
  const other = await bundleOf("--bundle", TINY);
  assert.equal(other.status, "FAIL");
  assert.match(other.message, /does not serve tiny-encoder in version \d+/);
});

test("what cannot be meant is refused in one line", async () => {
  const plan = (...more: string[]) => cli("plan", "--start", START, "--goal", GOAL, ...more);
  assertOneLine(await plan("--inference-server", "http://gpu:8001"), 1, /inference server "http:\/\/gpu:8001" is no address: give grpc:/);
  assertOneLine(await plan("--inference-server", "grpc://10.1.2.3:8001"), 1, /is on another machine, and grpc:\/\/ is not encrypted/);
  assertOneLine(await plan("--inference-server", server.address, "--inference-timeout", "0"), 2, /--inference-timeout "0" is not a number from 1 to 600000/);
  assertOneLine(await cli("run", "--inference-server", "grpcs://gpu:1", "--inference-root-certificates", "nowhere.pem"), 1, /--inference-root-certificates "\S+nowhere\.pem": there is no such file/);
});
