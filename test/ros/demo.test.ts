import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ROOT, SKIP, TINY_BUNDLE } from "./graph.js";

interface Demo {
  /** All it wrote so far. */
  readonly text: () => { readonly out: string; readonly err: string };
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

const runs = mkdtempSync(join(tmpdir(), "jepa-mpc-demo-"));

function demo(...args: string[]): Demo {
  const child = spawn(process.execPath, [
    join(ROOT, "dist/src/cli/main.js"), "demo", "--headless", "--bundle", TINY_BUNDLE, "--runs", runs, ...args,
  ], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
  child.stderr.on("data", (data: Buffer) => { err += data.toString(); });
  return {
    text: () => ({ out, err }),
    ended: new Promise((resolve) => { child.on("close", resolve); }),
    kill: (signal) => { child.kill(signal); },
  };
}

async function pids(running: Demo): Promise<{ simulator: number; controller: number }> {
  for (let i = 0; i < 600; i++) {
    const found = /simulator \(pid (\d+)\) and controller \(pid (\d+)\)/.exec(running.text().out);
    if (found !== null) {
      return { simulator: Number(found[1]), controller: Number(found[2]) };
    }
    await sleep(100);
  }
  throw new Error(`the demo named no processes: ${JSON.stringify(running.text())}`);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("jepa-mpc demo", { skip: SKIP, timeout: 400_000 }, () => {
  it("gives its result as one JSON line, writes pictures, and fails when the goal is not reached", async () => {
    // The bundle is not trained: it can only fail.
    const running = demo("--json", "--seed", "3", "--timeout", "5");
    const code = await running.ended;
    const { out, err } = running.text();
    assert.equal(out.trim().split("\n").length, 1, out);
    const result = JSON.parse(out) as Record<string, unknown>;
    assert.equal(code, 1, err);
    assert.equal(result["success"], false);
    assert.equal(result["task"], "reach");
    assert.equal(result["bundle"], "tiny");
    for (const field of ["start_distance_m", "final_distance_m", "steps", "plan_ms_median", "plan_ms_p99", "control_hz"]) {
      assert.equal(typeof result[field], "number", `${field} in ${out}`);
    }
    assert.ok((result["start_distance_m"] as number) > 0.1);
    const folder = readdirSync(runs).map((name) => join(runs, name)).find((path) => existsSync(join(path, "strip.png")));
    assert.ok(folder !== undefined && existsSync(join(folder, "energy.png")) && existsSync(join(folder, "controller.log")));
  });

  it("says which child died, and ends the other", async () => {
    const running = demo("--seed", "4");
    const { simulator, controller } = await pids(running);
    await sleep(3000);
    const killedMs = performance.now();
    process.kill(controller, "SIGKILL");
    assert.equal(await running.ended, 1);
    assert.ok(performance.now() - killedMs < 20_000, "at once");
    assert.match(running.text().err, /the controller was ended by SIGKILL; its last line: /);
    assert.ok(!alive(simulator) && !alive(controller));
  });

  it("ends both children at Ctrl-C", async () => {
    const running = demo("--seed", "5");
    const { simulator, controller } = await pids(running);
    await sleep(2000);
    const askedMs = performance.now();
    running.kill("SIGINT");
    assert.equal(await running.ended, 130);
    assert.ok(performance.now() - askedMs < 20_000, "at once");
    assert.ok(!alive(simulator) && !alive(controller));
  });

  it("leaves no children behind when it is killed", async () => {
    const running = demo("--seed", "6");
    const { simulator, controller } = await pids(running);
    // The children watch for their parent once they are up.
    await sleep(15_000);
    running.kill("SIGKILL");
    await running.ended;
    for (let i = 0; i < 100 && (alive(simulator) || alive(controller)); i++) {
      await sleep(100);
    }
    const left = [simulator, controller].filter(alive);
    for (const pid of left) {
      process.kill(pid, "SIGKILL");
    }
    assert.deepEqual(left, []);
  });

  it("refuses a bad option in one line", async () => {
    const running = demo("--seed", "x");
    assert.equal(await running.ended, 2);
    assert.match(running.text().err, /--seed "x" is not a whole number/);
  });
});
