import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { getPriority } from "node:os";
import { basename } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { placeThisThread, type ThreadPlacement } from "../../src/control/thread-placement.js";

interface Placed {
  readonly thread: number;
  readonly error?: string;
}

/** Places a thread of its own, which then stays until it is terminated. */
async function placedWorker(placement: ThreadPlacement): Promise<Placed & { worker: Worker }> {
  const module = new URL("../../src/control/thread-placement.js", import.meta.url).href;
  const code = `
    import { parentPort, workerData } from "node:worker_threads";
    import { readlinkSync } from "node:fs";
    import { placeThisThread } from ${JSON.stringify(module)};
    let error;
    try { placeThisThread(workerData); } catch (thrown) { error = thrown.message; }
    parentPort.postMessage({ thread: Number(readlinkSync("/proc/thread-self").split("/").at(-1)), ...(error === undefined ? {} : { error }) });
    setInterval(() => {}, 1000);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: placement });
  const placed = await new Promise<Placed>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { ...placed, worker };
}

function coresOf(thread: number): string {
  return /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync(`/proc/self/task/${thread}/status`, "utf8"))![1]!;
}

const LINUX = process.platform === "linux" ? false : "threads are placed on Linux only";

test("a thread and those it starts are moved, the others stay", { skip: LINUX }, async () => {
  const mine = Number(basename(readlinkSync("/proc/thread-self")));
  const before = { cores: coresOf(mine), nice: getPriority(mine) };
  const first = /^\d+/.exec(before.cores)![0];
  const { thread, error, worker } = await placedWorker({ cores: first, niceness: Math.min(19, before.nice + 3) });
  assert.equal(error, undefined);
  assert.ok(readdirSync("/proc/self/task").includes(String(thread)) && thread !== mine);
  assert.deepEqual({ cores: coresOf(thread), nice: getPriority(thread) }, { cores: first, nice: Math.min(19, before.nice + 3) });
  assert.deepEqual({ cores: coresOf(mine), nice: getPriority(mine) }, before);
  await worker.terminate();
});

test("cores that are not there, or are no cores, are refused in one line", { skip: LINUX }, async () => {
  const { error, worker } = await placedWorker({ cores: "4095" });
  assert.match(error!, /^the planner cannot run on cores 4095 \(.+\): give cores of this machine, or none$/);
  await worker.terminate();
  assert.throws(() => placeThisThread({ cores: "1; reboot" }), /^Error: cores is "1; reboot": give numbers and ranges/);
  placeThisThread({});
});
