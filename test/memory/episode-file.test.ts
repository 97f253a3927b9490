import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, copyFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { McapIndexedReader } from "@mcap/core";
import { FileHandleReadable } from "@mcap/nodejs";

import { episodePath } from "../../src/memory/episode-files.js";
import { readEpisode } from "../../src/memory/read-episode.js";
import { madeUpEpisode } from "./made-up-episode.js";
import { writeEpisode } from "./write-episode.js";

const dir = mkdtempSync(join(tmpdir(), "jepa-mpc-memory-"));
after(() => { rmSync(dir, { recursive: true }); });

describe("an episode's file", () => {
  it("gives back what was written, to the last bit", async () => {
    const episode = madeUpEpisode({ seed: 1, subGoals: 2 });
    const file = await writeEpisode(dir, episode);
    assert.equal(file, episodePath(dir, episode.header.id));
    assert.deepEqual(await readEpisode(file), episode);
  });

  it("is read up to its last whole step wherever it is cut off", async () => {
    const episode = madeUpEpisode({ seed: 2, steps: 4, side: 8 });
    const file = await writeEpisode(dir, episode);
    const whole = readFileSync(file);
    const cut = join(dir, "cut.mcap");
    let last = 0;
    let least = whole.length;
    for (let length = whole.length - 1; length > 400; length -= 97) {
      writeFileSync(cut, whole.subarray(0, length));
      let read;
      try {
        read = await readEpisode(cut);
      } catch (error) {
        // Before the header and the goals are there.
        assert.match(String(error), /is not an episode|is damaged: the latent of goal|not an MCAP file/);
        continue;
      }
      least = length;
      assert.deepEqual(read.steps, episode.steps.slice(0, read.steps.length));
      if (read.outcome.kind !== "reached") assert.equal(read.outcome.steps, read.steps.length);
      last = Math.max(last, read.steps.length);
    }
    assert.equal(last, 4);
    assert.ok(least < whole.length / 2, "a file with hardly more than its goals is read, too");
  });

  it("is refused in one line when it is another file, damaged or not there", async () => {
    const episode = madeUpEpisode({ seed: 3 });
    const file = await writeEpisode(dir, episode);
    await assert.rejects(readEpisode(join(dir, "none.mcap")), /^Error: cannot read episode .*none\.mcap: there is no such file$/);
    const other = join(dir, "other.mcap");
    writeFileSync(other, "no MCAP at all, but long enough to be one");
    await assert.rejects(readEpisode(other), /other\.mcap is not an MCAP file: [^\n]+$/);
    copyFileSync(file, other);
    const bytes = readFileSync(other);
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    writeFileSync(other, bytes);
    await assert.rejects(readEpisode(other), /other\.mcap is damaged: [^\n]+$/);
    truncateSync(other, 0);
    await assert.rejects(readEpisode(other), /other\.mcap is not an episode: it has no metadata/);
  });

  it("has an index, so that a reader can take the numbers and leave the pictures", async () => {
    const episode = madeUpEpisode({ seed: 4, steps: 7 });
    const handle = await open(await writeEpisode(dir, episode));
    try {
      const reader = await McapIndexedReader.Initialize({ readable: new FileHandleReadable(handle) });
      assert.equal(reader.header.profile, "ros2");
      assert.equal(reader.statistics?.channelMessageCounts.get([...reader.channelsById.values()].find(({ topic }) => topic === "/jepa_mpc/latent")!.id), 7n);
      for (const { schemaId, messageEncoding } of reader.channelsById.values()) {
        assert.equal(messageEncoding, "cdr");
        assert.equal(reader.schemasById.get(schemaId)!.encoding, "ros2msg");
      }
      // A CDR header of four bytes, then, aligned to its own size, the number.
      const energies: number[] = [];
      for await (const { data } of reader.readMessages({ topics: ["/jepa_mpc/step/start_energy"], validateCrcs: true })) {
        energies.push(new DataView(data.buffer, data.byteOffset, data.byteLength).getFloat64(4, true));
      }
      assert.deepEqual(energies, episode.steps.map(({ startEnergy }) => startEnergy));
    } finally {
      await handle.close();
    }
  });
});
