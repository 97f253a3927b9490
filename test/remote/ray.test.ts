import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runCli } from "../cli/run-cli.js";
import { ROOT } from "./servers.js";

const PYTHON = join(ROOT, ".env-ray", "bin", "python");
const SKIP = existsSync(PYTHON) ? false : "Ray is not installed here: node scripts/setup.mjs --ray";
/** Short: what comes of it does not matter. */
const EVAL = ["--suite", "--task", "reach", "--env", "plain", "--policy", "persistence", "--episodes", "5", "--seeds", "40", "--max-steps", "2"];

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("eval over a local Ray", { skip: SKIP, timeout: 600_000 }, () => {
  let folder: string;
  const env = { JEPA_MPC_BUNDLE: join(ROOT, "test", "fixtures", "tiny-bundle") };

  before(async () => { folder = await mkdtemp(join(tmpdir(), "jepa-mpc-ray-")); });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A jepa-mpc that does something first; $@ are its arguments. */
  async function wrapper(name: string, first: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n${first}\nexec "${process.execPath}" "${join(ROOT, "dist", "src", "cli", "main.js")}" "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }

  function ray(command: string, out: string, given: readonly string[], more: readonly string[] = []): Promise<Run> {
    return new Promise((resolve, reject) => {
      const child = spawn(PYTHON, [join(ROOT, "remote", "ray_eval.py"), "--out", out, "--chunk", "2", "--cpus", "2", "--command", command, ...more, "--", ...given], {
        cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => { stdout += chunk.toString("utf8"); });
      child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString("utf8"); });
      child.on("error", reject);
      child.on("close", (code) => { resolve({ code, stdout, stderr }); });
    });
  }

  /** Episodes by seed, without what depends on the machine. */
  async function episodes(out: string): Promise<object[]> {
    const lines = (await readFile(join(out, "reach.plain.persistence.jsonl"), "utf8")).trimEnd().split("\n");
    return lines.map((line) => ({ ...JSON.parse(line) as { seed: number }, plan_ms: [] })).sort((a, b) => a.seed - b.seed);
  }

  test("gives what one machine gives; a task that fails is tried again, one that fails always is reported and the rest kept", async () => {
    const alone = join(folder, "alone");
    const local = await runCli(["eval", ...EVAL, "--workers", "1", "--out", alone], env, folder);
    assert.equal(local.code, 0, local.stderr);

    // Seeds 40 to 44 in twos: the first part fails once, the second always.
    const flaky = await wrapper("flaky", `case "$*" in
      *"--list"*|*"--merge"*) ;;
      *"--seeds 40 "*) if [ ! -e "${folder}/once" ]; then touch "${folder}/once"; echo "jepa-mpc: no luck" >&2; exit 1; fi ;;
      *"--seeds 42 "*) kill -9 $$ ;;
    esac`);
    const out = join(folder, "spread");
    const failed = await ray(flaky, out, EVAL, ["--tries", "2"]);
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /^ray_eval: reach\.plain\.persistence\.40-2, try 1 of 2: \S+: jepa-mpc: no luck$/m);
    assert.match(failed.stderr, /^ray_eval: reach\.plain\.persistence\.42-2, try 2 of 2: \S+: it ended with -9$/m);
    assert.match(failed.stderr, /^ray_eval: 1 of 3 parts failed, the others are kept; the same command goes on with these: reach\.plain\.persistence\.42-2.*$/m);
    assert.equal(failed.stdout, "");
    assert.deepEqual((await readdir(join(out, "parts"))).sort(), ["reach.plain.persistence.40-2", "reach.plain.persistence.44-1"]);

    // The same command goes on with what is missing, and does not touch what is there.
    const kept = await stat(join(out, "parts", "reach.plain.persistence.40-2", "settings.json"));
    const sound = await wrapper("sound", `echo "$*" >> "${folder}/asked"`);
    const table = join(folder, "table.md");
    const finished = await ray(sound, out, [...EVAL, "--table", table]);
    assert.equal(finished.code, 0, finished.stderr);
    assert.match(finished.stdout, /^task +reach, environment plain, policy persistence, 5 episodes from seed 40$/m);
    assert.match(await readFile(table, "utf8"), /\| reach \| plain \| persistence \|/);
    assert.deepEqual(await episodes(out), await episodes(alone));
    assert.equal((await stat(join(out, "parts", "reach.plain.persistence.40-2", "settings.json"))).mtimeMs, kept.mtimeMs);
    const asked = (await readFile(join(folder, "asked"), "utf8")).trimEnd().split("\n");
    assert.equal(asked.filter((line) => line.includes("--workers 1")).length, 1);
    assert.ok(asked.find((line) => line.includes("--workers 1"))!.includes("--task reach --env plain --policy persistence --seeds 42 --episodes 2 --workers 1 --max-steps 2 --out "));
  });

  test("results of other settings are refused before anything is run", async () => {
    const sound = await wrapper("sound-2", "");
    const out = join(folder, "settings");
    const narrow = ["--task", "reach", "--policy", "persistence", "--episodes", "1"];
    assert.equal((await ray(sound, out, [...narrow, "--max-steps", "2"])).code, 0);
    const other = await ray(sound, out, [...narrow, "--max-steps", "3"]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^ray_eval: \S+ is of a run with other settings \(max_steps: 2 there, 3 now\): give another --out, or the same settings\n$/);
  });

  test("what cannot be meant is refused in one line", async () => {
    const sound = await wrapper("sound-3", "");
    for (const [given, more, message] of [
      [["--out", "x"], [], /^ray_eval: --out behind -- is none of yours: give --out before it\n$/],
      [[], ["--chunk", "0"], /^ray_eval: --chunk is 0: must be at least 1\n$/],
      [["--task", "fly"], [], /^ray_eval: --task "fly" is not one of/],
    ] as const) {
      const { code, stderr } = await ray(sound, join(folder, "none"), given, more);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    assert.ok(!existsSync(join(folder, "none")));
  });
});
