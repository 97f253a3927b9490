import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { DataSetWriter } from "../../src/record/data-set-writer.js";
import { readNpy } from "../sim/read-npy.js";
import { madeUpFrame, OPTIONS } from "./made-up-frames.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-data-set-writer-"));
after(() => { rmSync(folder, { recursive: true, force: true }); });
let folders = 0;
const fresh = (): string => join(folder, `set-${folders++}`);

const CHILD = fileURLToPath(new URL("./write-episodes.js", import.meta.url));
/** A mount of one's own, which goes with the process. */
const OWN_MOUNT = ["-Urm", "sh", "-c"];
const NO_MOUNT = spawnSync("unshare", [...OWN_MOUNT, `mount -t tmpfs none "${folder}"`]).status === 0 ? false : "a file system of one's own cannot be mounted here";

function shardsIn(out: string): string[] {
  return readdirSync(out).filter((name) => name !== "dataset.json").sort();
}

/** Numbers of the frames of a shard, which must be whole: as its pictures, states and actions say. */
function framesOf(out: string, shard: string): number[] {
  const [images, states, actions] = ["images", "states", "actions"].map((name) => readNpy(join(out, shard, `${name}.npy`))) as [ReturnType<typeof readNpy>, ReturnType<typeof readNpy>, ReturnType<typeof readNpy>];
  assert.deepEqual([images.shape, states.shape, actions.shape], [[1, 4, 64, 64, 3], [1, 4, 2], [1, 3, 2]]);
  for (let t = 0; t < 3; t++) assert.ok(Math.abs(actions.data[2 * t]! - 0.1) < 1e-4 && Math.abs(actions.data[2 * t + 1]! + 1) < 1e-4, `${shard}: action ${t}`);
  return [0, 1, 2, 3].map((t) => {
    const picture = images.data.subarray(t * 64 * 64 * 3, (t + 1) * 64 * 64 * 3);
    const number = -states.data[2 * t + 1]!;
    assert.ok(Math.abs(states.data[2 * t]! - number / 10) < 1e-4);
    assert.ok(picture.every((value) => value === number % 256), `${shard}: picture ${t}`);
    return number;
  });
}

describe("the data set writer", () => {
  it("does not wait for the disk, and writes all episodes in their order", async () => {
    const out = fresh();
    const writer = new DataSetWriter({ ...OPTIONS, out });
    const added = Array.from({ length: 31 }, (_, i) => writer.add(madeUpFrame(i)));
    assert.deepEqual(added.flatMap((what, i) => what === "taken" ? [i] : []), [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
    assert.deepEqual([writer.episodes, writer.waiting, shardsIn(out)], [0, 10, []], "nothing is written in between");
    await writer.settled();
    assert.deepEqual([writer.episodes, writer.waiting, writer.leftOut], [10, 0, 0]);
    const shards = shardsIn(out);
    assert.deepEqual(shards, Array.from({ length: 10 }, (_, i) => `shard-0000${i}`));
    shards.forEach((shard, e) => { assert.deepEqual(framesOf(out, shard), [0, 1, 2, 3].map((t) => 3 * e + t), "neighbours share a frame"); });
  });

  it("leaves out what comes faster than it can be written, and goes on behind it", async () => {
    const out = fresh();
    const writer = new DataSetWriter({ ...OPTIONS, out, maxWaiting: 2 });
    const added = Array.from({ length: 11 }, (_, i) => writer.add(madeUpFrame(i)));
    assert.deepEqual([added[3], added[6], added[9]], ["taken", "taken", "left out"]);
    assert.equal(writer.leftOut, 2, "its first frame is kept with the one before, its last one may be");
    await writer.settled();
    assert.equal(writer.add(madeUpFrame(11)), "under way");
    assert.equal(writer.add(madeUpFrame(12)), "taken");
    await writer.settled();
    assert.deepEqual(shardsIn(out).map((shard) => framesOf(out, shard)[0]), [0, 3, 9]);
    writer.cut();
    assert.equal(writer.leftOut, 2);
  });

  it("keeps whole episodes and nothing half when it is killed, and goes on from there", async () => {
    const out = fresh();
    const child = spawn(process.execPath, [CHILD, out], { stdio: ["ignore", "pipe", "inherit"] });
    let written = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      written = Math.max(written, Number(line));
      if (written >= 5) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, "SIGKILL");
    const whole = shardsIn(out).filter((name) => !name.endsWith(".part"));
    assert.ok(whole.length >= written && shardsIn(out).length - whole.length <= 1);
    whole.forEach((shard, e) => { assert.equal(framesOf(out, shard)[0], 3 * e); });
    // What it was killed in is in nobody's way.
    mkdirSync(join(out, `shard-${String(whole.length).padStart(5, "0")}.part`, "left-over"), { recursive: true });
    const writer = new DataSetWriter({ ...OPTIONS, out });
    assert.equal(writer.episodes, whole.length);
    for (let i = 0; i <= 3; i++) writer.add(madeUpFrame(i));
    await writer.settled();
    assert.equal(shardsIn(out).length, whole.length + 1);
    assert.deepEqual(framesOf(out, shardsIn(out).at(-1)!), [0, 1, 2, 3]);
  });

  it("ends with one line when its folder cannot be written to, and keeps what is there", async () => {
    const out = fresh();
    const said: string[] = [];
    const writer = new DataSetWriter({ ...OPTIONS, out, onFailure: (error) => { said.push(error.message); } });
    for (let i = 0; i <= 3; i++) writer.add(madeUpFrame(i));
    await writer.settled();
    const aside = `${out}-aside`;
    renameSync(out, aside);
    for (let i = 4; i <= 9; i++) writer.add(madeUpFrame(i));
    await assert.rejects(writer.settled(), { message: `cannot write ${join(out, "shard-00001")}: it is not there (was it removed by another process?)` });
    assert.equal(said.length, 1, "the one behind it is not tried");
    assert.deepEqual([writer.episodes, writer.waiting], [1, 0]);
    renameSync(aside, out);
    for (let i = 10; i <= 11; i++) assert.equal(writer.add(madeUpFrame(i)), "under way");
    assert.equal(writer.add(madeUpFrame(12)), "left out", "also when it could be written again: there would be a hole");
    await assert.rejects(writer.settled());
    assert.deepEqual([said.length, shardsIn(out)], [1, ["shard-00000"]]);
  });

  it("says at once which folder it cannot use", () => {
    const file = fresh();
    writeFileSync(file, "a file");
    assert.throws(() => new DataSetWriter({ ...OPTIONS, out: join(file, "set") }), { message: `cannot record into ${join(file, "set")}: part of the path is a file and not a folder` });
    assert.throws(() => new DataSetWriter({ ...OPTIONS, out: file }), { message: `cannot record into ${file}: a file of this name is in the way` });
  });

  it("ends with one line on a full disk, with whole episodes and nothing half", { skip: NO_MOUNT }, () => {
    const out = fresh();
    mkdirSync(out);
    // An episode has 48 KiB of pictures.
    const run = spawnSync("unshare", [...OWN_MOUNT, `mount -t tmpfs -o size=300k none "${out}" && exec "${process.execPath}" "${CHILD}" "${out}"`], { encoding: "utf8", timeout: 60_000 });
    assert.equal(run.status, 0, run.stderr);
    const lines = run.stdout.trimEnd().split("\n");
    const failed = lines.filter((line) => line.startsWith("failed: "));
    assert.equal(failed.length, 1, run.stdout);
    const kept = lines.at(-1)!.replace(/^left: dataset\.json /, "").split(" ");
    assert.ok(kept.length >= 2 && kept.every((name, i) => name === `shard-0000${i}`), run.stdout);
    assert.equal(failed[0], `failed: cannot write ${join(out, `shard-0000${kept.length}`)}: no space left on the device`);
  });
});
