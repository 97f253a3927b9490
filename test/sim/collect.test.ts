import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MAX_STEP_M } from "../../sim/exploration.js";
import { CAMERA_PIVOT_M, drawObjects, PLAIN_ENVIRONMENT } from "../../sim/environments/index.js";
import { Random } from "../../sim/random.js";
import { SimWorld } from "../../sim/world.js";
import { readNpy } from "./read-npy.js";

const COLLECT = fileURLToPath(new URL("../../sim/collect.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-collect-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });

/** Two shards of 25 episodes, as short as they can be. */
const SMALL = ["--image-size", "64", "--episodes", "30", "--steps", "1", "--seed", "40"];

function start(args: readonly string[]): { child: ChildProcess; ended: Promise<{ code: number | null; stderr: string }> } {
  const child = spawn(process.execPath, [COLLECT, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString(); });
  return { child, ended: new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => { resolve({ code, stderr }); });
  }) };
}

async function collect(...args: string[]): Promise<string> {
  const { code, stderr } = await start(args).ended;
  assert.equal(code, 0, stderr);
  return stderr;
}

async function refused(args: readonly string[], line: RegExp): Promise<void> {
  const { code, stderr } = await start(args).ended;
  assert.match(stderr, line);
  assert.match(stderr, /^collect: [^\n]+\n$/);
  assert.equal(code, 2);
}

/** Every file of a data set with its bytes. */
function contents(out: string): Map<string, Buffer> {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((entry) => join(entry.parentPath, entry.name)).sort().map((file) => [file.slice(out.length), readFileSync(file)]));
}

const whole = join(folder, "whole");

test("a data set is what its description says", async () => {
  assert.match(await collect("--out", whole, ...SMALL, "--workers", "2"), /collect: 50 episodes of 1 actions in /);
  assert.deepEqual(readdirSync(whole).sort(), ["dataset.json", "shard-00000", "shard-00001"]);
  const description = JSON.parse(readFileSync(join(whole, "dataset.json"), "utf8")) as Record<string, unknown>;
  assert.equal(description["steps"], 1);
  assert.equal(description["period_s"], 0.2);
  assert.equal(description["first_seed"], 40);
  const read = (name: string): ReturnType<typeof readNpy> => readNpy(join(whole, "shard-00001", `${name}.npy`));
  const [images, states, truths, actions] = [read("images"), read("states"), read("truths"), read("actions")];
  assert.deepEqual([images.shape, states.shape, truths.shape, actions.shape], [[25, 2, 64, 64, 3], [25, 2, 7], [25, 2, 9], [25, 1, 4]]);
  assert.ok(new Set(images.data).size > 50, "pictures of something");
  const pixels = 64 * 64 * 3;
  let apart = 0;
  for (let i = 0; i < pixels; i++) apart += Math.abs(images.data[i]! - images.data[pixels + i]!) / pixels;
  assert.ok(apart > 8, `two pictures of an episode are in different rooms, but only ${apart} apart`);
  for (let i = 0; i < actions.data.length; i++) {
    const [value, gripper] = [actions.data[i]!, i % 4 === 3];
    assert.ok(gripper ? value >= 0 && value <= 1 : Math.abs(value) <= MAX_STEP_M, `${i}: ${value}`);
  }
  // The first frame of episode 2 of the second shard is the start of seed 40 + 25 + 2.
  const world = await SimWorld.create();
  world.dress({ ...PLAIN_ENVIRONMENT, objects: drawObjects(new Random(67 ^ 0x0b1ec7)) });
  world.reset(67);
  const wanted = [...world.toolPosition(), ...world.objectPosition("cube"), ...world.objectPosition("cup")];
  // Not bit for bit: what stood about in the room before changes the last digits of the contacts.
  wanted.forEach((value, i) => { assert.ok(Math.abs(truths.data[2 * 18 + i]! - value) < 1e-5, `${i}: ${truths.data[2 * 18 + i]} instead of ${value}`); });
  assert.deepEqual(states.data.slice(2 * 14, 2 * 14 + 7), world.actions.state(world.jointState()));
});

test("with a turned camera everything that has an x and a y is in axes that go with it", async () => {
  const out = join(folder, "turned");
  await collect("--out", out, "--image-size", "64", "--episodes", "25", "--steps", "1", "--seed", "65", "--rooms", "plain", "--camera-turn-deg", "90", "--workers", "1");
  const description = JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual([description["frame"], description["camera_turn_deg"]], ["camera", 90]);
  const read = (name: string): ReturnType<typeof readNpy> => readNpy(join(out, "shard-00000", `${name}.npy`));
  const [states, truths] = [read("states"), read("truths")];
  const world = await SimWorld.create();
  const turns = [0, 1, 2, 3, 4, 5].map((episode) => {
    world.reset(65 + episode);
    const [px, py] = CAMERA_PIVOT_M;
    const angles = [world.toolPosition(), world.objectPosition("cube"), world.objectPosition("cup")].map((place, i) => {
      const [u, v] = [truths.data[episode * 18 + 3 * i]! - px, truths.data[episode * 18 + 3 * i + 1]! - py];
      assert.ok(Math.abs(Math.hypot(u, v) - Math.hypot(place[0]! - px, place[1]! - py)) < 1e-4);
      assert.ok(Math.abs(truths.data[episode * 18 + 3 * i + 2]! - place[2]!) < 1e-4);
      const angle = Math.atan2(place[1]! - py, place[0]! - px) - Math.atan2(v, u);
      return Math.atan2(Math.sin(angle), Math.cos(angle));
    });
    // One camera, one turn.
    for (const angle of angles) assert.ok(Math.abs(angle - angles[0]!) < 0.01, angles.join(" "));
    for (const axis of [0, 1, 2]) assert.ok(Math.abs(states.data[episode * 14 + axis]! - truths.data[episode * 18 + axis]!) < 1e-5);
    return angles[0]!;
  });
  assert.ok(Math.max(...turns.map(Math.abs)) < Math.PI / 2 + 0.01 && Math.max(...turns) - Math.min(...turns) > 0.5, turns.join(" "));
  await refused(["--out", join(folder, "x"), "--camera-turn-deg", "200"], /--camera-turn-deg is 200; give a number from 0 to 180/);
  await refused(["--out", out, "--image-size", "64", "--episodes", "25", "--steps", "1", "--seed", "65", "--rooms", "plain"], /other options/);
});

test("killed in the middle and started again, it gives the same files as undisturbed", async () => {
  const out = join(folder, "killed");
  const { child, ended } = start(["--out", out, ...SMALL, "--workers", "1"]);
  while (!existsSync(join(out, "shard-00000")) && child.exitCode === null) await sleep(20);
  child.kill("SIGKILL");
  await ended;
  assert.ok(!existsSync(join(out, "shard-00001")), "it was killed in time");
  // What a kill during the writing leaves.
  mkdirSync(join(out, "shard-00001.part"), { recursive: true });
  writeFileSync(join(out, "shard-00001.part", "images.npy"), "half a file");
  writeFileSync(join(out, "shard-00001.part", "stray.npy"), "of an older version");
  await collect("--out", out, ...SMALL, "--workers", "1");
  assert.deepEqual(contents(out), contents(whole));
});

test("a finished data set is left alone; other options into its folder are refused", async () => {
  const before = contents(whole);
  await collect("--out", whole, ...SMALL);
  for (const other of [["--steps", "2", "--seed", "40"], ["--steps", "1", "--seed", "0"], ["--steps", "1", "--seed", "40", "--rooms", "plain"]]) {
    await refused(["--out", whole, "--episodes", "30", ...other], /other options/);
  }
  assert.deepEqual(contents(whole), before);
});

test("seeds that reach into those kept for evaluation are refused, rounded up to whole shards too", async () => {
  const out = join(folder, "held-out");
  await refused(["--out", out, "--episodes", "100", "--seed", "999950"], /1000049 reach into those kept for evaluation \(from 1000000\)/);
  await refused(["--out", out, "--episodes", "1", "--seed", "999976"], /1000000 reach into/);
  assert.ok(!existsSync(out), "nothing was written");
});

test("numbers that make no sense are refused by name before anything is written", async () => {
  const out = join(folder, "senseless");
  for (const [option, value, line] of [
    ["--episodes", "many", /--episodes is "many"; give a number/], ["--episodes", "", /--episodes is ""/], ["--episodes", "0", /--episodes is 0/], ["--steps", "0", /--steps is 0/],
    ["--seed", "-3", /--seed is -3/], ["--seed", "1.5", /--seed is 1\.5/], ["--image-size", "32", /--image-size is 32/], ["--workers", "0", /--workers is 0/],
  ] as const) await refused(["--out", out, `${option}=${value}`], line);
  await refused(["--out", out, "--epsodes", "3"], /Unknown argument: epsodes \(see --help\)/);
  await refused(["--out", out, "--rooms", "dark"], /"dark", Choices: "plain", "seen"/);
  await refused(["--episodes", "3"], /Missing required argument: out/);
  await refused(["--out"], /Not enough arguments following: out \(see --help\)/);
  assert.ok(!existsSync(out));
});
