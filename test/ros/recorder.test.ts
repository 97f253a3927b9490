import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ChildNode } from "../../src/demo/child-node.js";
import { readNpy } from "../sim/read-npy.js";
import { packedPicture } from "./action-goals.js";
import { graphEnv, ROOT, SKIP } from "./graph.js";
import { Stranger } from "./stranger.js";

const folder = mkdtempSync(join(tmpdir(), "jepa-mpc-recorder-node-"));
const PATIENCE_MS = 60_000;

async function until(holds: () => boolean, what: string, log: () => string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !holds();) {
    if (performance.now() > end) throw new Error(`${what} did not come; the log: ${log().slice(-1500)}`);
    await sleep(50);
  }
}

describe("jepa-mpc record, of a stranger's camera and joints", { skip: SKIP, timeout: 300_000 }, () => {
  const env = graphEnv();
  let stranger: Stranger;

  before(async () => {
    stranger = await Stranger.start(env);
    stranger.do({ do: "joints", on: true, names: ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"] });
  });

  after(async () => {
    await stranger?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Records one episode; the camera gives something that is no picture at first. */
  async function record(name: string, args: readonly string[], broken: object, complaint: RegExp, whole: object): Promise<{ readonly out: string; readonly log: string }> {
    const out = join(folder, name);
    stranger.do({ do: "camera", on: true, ...broken });
    const logFile = join(folder, `${name}.log`);
    const log = (): string => existsSync(logFile) ? readFileSync(logFile, "utf8") : "";
    const node = new ChildNode(name, join(ROOT, "dist/src/cli/main.js"), ["record", out, "--robot", "so101", "--steps", "3", "--image-size", "64", "--episodes", "1", ...args], logFile, env);
    try {
      await until(() => complaint.test(log()), "the complaint", log);
      await until(() => /0 episodes, frame 0 of 4; camera 0\.0 Hz.*NO PICTURE ON/.test(log()), "a status line", log);
      stranger.do({ do: "camera", ...whole });
      assert.equal(await node.ended, "ended with code 0", log());
      return { out, log: log() };
    } finally {
      await node.end();
    }
  }

  /** The stranger's picture of a seed, row for row. */
  function assertPictures(out: string, seed: number): void {
    assert.deepEqual(readdirSync(out).sort(), ["dataset.json", "shard-00000"]);
    const images = readNpy(join(out, "shard-00000", "images.npy"));
    assert.deepEqual(images.shape, [1, 4, 64, 64, 3]);
    images.data.forEach((value, i) => { if (value !== (37 * (i % 192) + 11 * seed) % 256) assert.fail(`pixel value ${i} is ${value}`); });
  }

  it("takes compressed pictures; one that cannot be decoded is a line in the log", async () => {
    const png = await packedPicture(3);
    const { out, log } = await record("compressed", ["--image-topic", "/image", "--image-transport", "compressed"], { encoding: "png", png: png.slice(0, 120) }, /image: the picture is a damaged PNG/, { png });
    assert.match(log, /recording shoulder_pan, .* and \/image\/compressed every 0\.2 s/);
    assertPictures(out, 3);
  });

  it("takes them, too, where the topic's name says so", async () => {
    const png = await packedPicture(4);
    const text = Buffer.from("no picture at all").toString("base64");
    const { out } = await record("named", ["--image-topic", "/image/compressed"], { encoding: "png", png: text }, /image: the picture is not a PNG or JPEG/, { png });
    assertPictures(out, 4);
  });

  it("takes raw ones, and one in an encoding that it does not know is a line in the log", async () => {
    const { out } = await record("raw", ["--image-topic", "/image"], { encoding: "yuv422", seed: 5 }, /image: image encoding "yuv422" is not supported; supported: rgb8/, { encoding: "rgb8" });
    assertPictures(out, 5);
  });
});
