import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { graphEnv, SKIP, startController } from "./graph.js";

const READY_WITHIN_MS = 60_000;

/** Cores and nice value of each thread of a process; threads that end meanwhile are left out. */
function threadsOf(pid: number): { cores: string; nice: number }[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [{ cores: /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))![1]!, nice: getPriority(Number(thread)) }];
    } catch {
      return [];
    }
  });
}

describe("where and with what the planner of the node runs", { skip: SKIP, timeout: 180_000 }, () => {
  it("is a provider of the installed build, else the node does not configure and says which there are", async () => {
    const node = startController(graphEnv(), ["execution_provider:=openvino"]);
    assert.equal(await node.ended, "ended with code 1");
    assert.match(node.lastLine, /parameter execution_provider: execution provider "openvino" is not in this build of ONNX Runtime: choose one of cpu/);
  });

  it("is no core that taskset could not read", async () => {
    const node = startController(graphEnv(), ["planner.cores:='all'"]);
    assert.equal(await node.ended, "ended with code 1");
    assert.match(node.lastLine, /parameter planner\.cores must be numbers and ranges between commas, such as 1 or 2-3,6, not "all"/);
  });

  it("is the core and behind the others as asked, and the thread of ROS is not", async () => {
    const [own] = threadsOf(process.pid);
    const core = /^\d+/.exec(own!.cores)![0];
    const nice = Math.min(19, own!.nice + 2);
    const node = startController(graphEnv(), [`planner.cores:='${core}'`, "planner.niceness:=2"]);
    try {
      const moved = (): boolean => threadsOf(node.pid!).some((thread) => thread.nice === nice && thread.cores === core);
      for (const endMs = performance.now() + READY_WITHIN_MS; !moved() && performance.now() < endMs;) await sleep(100);
      assert.ok(moved(), node.lastLine);
      const main = threadsOf(node.pid!)[0]!;
      assert.deepEqual(main, own);
    } finally {
      await node.end();
    }
  });
});
